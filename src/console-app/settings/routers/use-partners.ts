import { useQuery } from '@tanstack/react-query';
import type { shareResource } from '../../../resources/share.ts';
import { useDesk } from '../../desk/desk.tsx';
import type { Choice } from '../../records/fields.tsx';
import { readAll } from '../../records/read.ts';

type Share = ReturnType<typeof shareResource>;

/** The partner organizations with which one of these rooms is shared: others a router cannot name. */
export function usePartners(sharedRoomIds: readonly string[]): readonly Choice<string>[] {
  const { session } = useDesk();
  const rooms = `/api/v5/orgs/${session.organization_id}/rooms`;
  const { data } = useQuery({
    queryKey: ['hub', rooms, 'partners', ...sharedRoomIds],
    queryFn: async () => {
      const shares = await Promise.all(sharedRoomIds.map((id) => readAll<Share>(`${rooms}/${id}/shares`)));
      const shared = shares.flat().filter(({ status }) => status === 'shared');
      return [...new Map(shared.map(({ organization: { id, name } }) => [id, { value: id, label: name }])).values()];
    },
    enabled: sharedRoomIds.length > 0,
  });
  return data ?? NOBODY;
}

const NOBODY: readonly never[] = [];
