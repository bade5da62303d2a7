import { useCallback } from 'react';
import type { roomResource } from '../../../resources/room.ts';
import type { teamResource } from '../../../resources/team.ts';
import type { UserAccountResource } from '../../../resources/user-account.ts';
import { useDesk } from '../../desk/desk.tsx';
import type { Choice } from '../../records/fields.tsx';
import { useChoices, useIsCut } from '../../records/read.ts';
import type { Names } from './router-sentence.ts';

type Room = ReturnType<typeof roomResource>;
type Team = ReturnType<typeof teamResource>;

/** What a router can name. */
export type Nameable = {
  readonly rooms: readonly Choice<string>[];
  readonly users: readonly Choice<string>[];
  readonly teams: readonly Choice<string>[];
  /** Whether there are further users. */
  readonly areUsersCut: boolean;
  readonly nameOf: Names;
  /** The rooms that partner organizations share. */
  readonly sharedRoomIds: readonly string[];
};

/** The rooms, users and teams of the organization. */
export function useNameable(): Nameable {
  const { session } = useDesk();
  const organization = `/api/v5/orgs/${session.organization_id}`;
  const rooms = useChoices<Room>(`${organization}/rooms`);
  const users = useChoices<UserAccountResource>(`${organization}/users`);
  const areUsersCut = useIsCut(`${organization}/users`);
  const teams = useChoices<Team>(`${organization}/teams`);
  const nameOf: Names = useCallback(
    (kind, id) => {
      if (kind === 'room') return rooms.find((room) => room.id === id)?.name;
      if (kind === 'user')
        return users.find((user) => user.id === id)?.full_name ?? (areUsersCut ? 'somebody' : undefined);
      return kind === 'team' ? teams.find((team) => team.id === id)?.name : undefined;
    },
    [rooms, users, areUsersCut, teams],
  );
  return {
    rooms: rooms.map(({ id, name }) => ({ value: id, label: name })),
    users: users.map(({ id, full_name, is_bot }) => ({ value: id, label: is_bot ? `${full_name} (bot)` : full_name })),
    teams: teams.map(({ id, name }) => ({ value: id, label: name })),
    areUsersCut,
    nameOf,
    sharedRoomIds: rooms.flatMap(({ id, is_shared }) => (is_shared ? id : [])),
  };
}
