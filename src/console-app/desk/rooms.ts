import { useQuery } from '@tanstack/react-query';
import type { roomResource } from '../../resources/room.ts';
import { call } from '../hub/call.ts';
import { useDesk, useReplica } from './desk.tsx';

export type Room = Pick<ReturnType<typeof roomResource>, 'id' | 'name'>;

/** The rooms that reach the user, by name. Null until they are read, which is after the first list. */
export function useRooms(): readonly Room[] | null {
  const { userId } = useDesk();
  const areListsHere = useReplica(({ counts }) => counts !== null);
  const { data } = useQuery({
    queryKey: ['rooms', userId],
    queryFn: () => readRooms(userId),
    enabled: areListsHere,
    staleTime: 300_000,
  });
  return data ?? null;
}

/** More rooms than that do not fit into a menu. */
const MOST_ROOMS = 200;

async function readRooms(userId: string): Promise<Room[]> {
  const answer = await call<{ results: Room[] }>(`/api/v5/users/${userId}/rooms?page_size=${MOST_ROOMS}`);
  if (!answer.ok) throw new Error(answer.detail);
  return answer.body.results.toSorted((one, other) => one.name.localeCompare(other.name));
}
