import type { ChatGrant } from '../resources/chat-grant.ts';
import type { IdIndex, Source } from './id-walk.ts';

/**
 * Which chats of an owner an index contains. `participating` exists for members only, `pending` for organizations and
 * rooms.
 */
export type Narrowing = 'all' | 'open' | 'pending' | 'participating';

type Indexes = { readonly all: IdIndex } & { readonly [Other in Exclude<Narrowing, 'all'>]?: IdIndex };

const ofOrganization = { table: 'chats', owner: 'organization_id', id: 'id' };
const ofRoom = { table: 'chats', owner: 'room_id', id: 'id' };
const ofMember = { table: 'members', owner: 'member_id', id: 'chat_id' };
const ofInvolved = { table: 'involvements', owner: 'organization_id', id: 'chat_id' };

/** The indexes of the lists of chats (migrations/0002_chats_api.sql), by kind of grant. */
const ORGANIZATION: Indexes = {
  all: { ...ofOrganization, name: 'chats_of_organization', where: 'room_id IS NOT NULL' },
  open: { ...ofOrganization, name: 'chats_open_of_organization', where: 'room_id IS NOT NULL AND is_ended = 0' },
  pending: {
    ...ofOrganization,
    name: 'chats_pending_of_organization',
    where: 'room_id IS NOT NULL AND is_pending = 1',
  },
};

const ROOM: Indexes = {
  all: { ...ofRoom, name: 'chats_by_room', where: 'room_id IS NOT NULL' },
  open: { ...ofRoom, name: 'chats_open_by_room', where: 'room_id IS NOT NULL AND is_ended = 0' },
  pending: { ...ofRoom, name: 'chats_pending_by_room', where: 'is_pending = 1' },
};

export const MEMBER: Required<Omit<Indexes, 'pending'>> = {
  all: { ...ofMember, name: 'members_by_member', where: 'TRUE' },
  open: { ...ofMember, name: 'members_open', where: 'is_ended = 0' },
  participating: { ...ofMember, name: 'members_participating', where: 'is_participating = 1' },
};

const INVOLVED: Indexes = {
  all: { ...ofInvolved, name: null, where: 'TRUE' },
  open: { ...ofInvolved, name: 'involvements_open', where: 'is_ended = 0' },
};

/** The chats of a visitor in the room ?4, or in all rooms when that is null. */
const VISITOR: Indexes = {
  all: {
    table: 'chats',
    owner: 'visitor_id',
    id: 'id',
    name: 'chats_by_visitor',
    where: 'visitor_id IS NOT NULL AND (?4 IS NULL OR room_id = ?4)',
  },
};

/**
 * The indexes of the chats that a grant covers: those of the first kind in `wished` that exists for all owners, else
 * those of all chats. `narrowing` says which kind it is.
 */
export function chatSources(
  grant: ChatGrant,
  wished: readonly Narrowing[],
): { sources: Source[]; narrowing: Narrowing } {
  const owners = ownersOf(grant);
  const narrowing =
    wished.find((name) => owners.every(({ indexes }) => indexes[name] !== undefined)) ?? ('all' as const);
  const sources = owners.map(({ indexes, owner }) => ({ index: indexes[narrowing] ?? indexes.all, owner }));
  return { sources, narrowing };
}

/** The single rooms of a grant are never the organization's own, or their chats would appear twice. */
function ownersOf(grant: ChatGrant): { indexes: Indexes; owner: string }[] {
  switch (grant.kind) {
    case 'member':
      return [{ indexes: MEMBER, owner: grant.user_id }];
    case 'involved':
      return [{ indexes: INVOLVED, owner: grant.organization_id }];
    case 'invitee':
      throw new Error('invitations are listed as such');
    case 'visitor':
      return [{ indexes: VISITOR, owner: grant.visitor_id }];
    case 'reach': {
      const { organization_id, room_ids } = grant.reach;
      const organization = organization_id === null ? [] : [{ indexes: ORGANIZATION, owner: organization_id }];
      return [...organization, ...[...new Set(room_ids)].map((owner) => ({ indexes: ROOM, owner }))];
    }
  }
}
