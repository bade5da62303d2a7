import { useQuery } from '@tanstack/react-query';
import { call } from '../hub/call.ts';
import type { Session } from '../hub/session.ts';
import { useDesk } from './desk.tsx';

export type Room = Session['rooms'][number];

/** The rooms that reach the user, by name: those of the session, and read again by a screen that is opened later. */
export function useRooms(): readonly Room[] {
  const { userId, session } = useDesk();
  return useQuery({
    queryKey: ['rooms', userId],
    queryFn: () => readRooms(userId),
    initialData: () => byName(session.rooms),
    initialDataUpdatedAt: performance.timeOrigin,
    staleTime: 300_000,
  }).data;
}

/** More rooms than that do not fit into a menu. */
const MOST_ROOMS = 200;

async function readRooms(userId: string): Promise<readonly Room[]> {
  const answer = await call<{ results: Room[] }>(`/api/v5/users/${userId}/rooms?page_size=${MOST_ROOMS}`);
  if (!answer.ok) throw new Error(answer.detail);
  return byName(answer.body.results);
}

const byName = (rooms: readonly Room[]) => rooms.toSorted((one, other) => one.name.localeCompare(other.name));
