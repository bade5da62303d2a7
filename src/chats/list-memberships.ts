import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { ChatFacts } from '../resources/chat.ts';
import type { MemberRooms } from '../resources/chat-grant.ts';
import type { MemberFacts } from '../resources/membership.ts';
import { MEMBER } from './chat-sources.ts';
import { copiedChat } from './copied-chat.ts';
import { idRange, type Scan, scan } from './scan.ts';
import { silenceHoldsSql, silenceParameter } from './silence.ts';

/** A membership with its chat. */
export type ChatMembership = { member: MemberFacts; chat: ChatFacts };

export type MembershipFilters = { is_participating?: boolean | undefined };

type Row = { member: string; chat: string };

/** The member's row comes with the walk; the chat's is joined. */
const READ = {
  carried: ['facts', 'is_participating'],
  columns: { member: 'walk.facts', chat: 'chat.facts' },
  joins: 'CROSS JOIN chats AS chat ON chat.id = walk.id',
};
/** True of all memberships of a user, or of none, so it leaves no gaps. The organization is ?4. */
const IS_OF_ORGANIZATION = "facts ->> '$.organization_id' = ?4";

/**
 * Lists a user's memberships in all their chats, oldest chat first: silent ones where they hold. The keyset's key is the
 * chat's id.
 */
export async function listMembershipsOfUser(
  database: OrganizationDatabase,
  userId: string,
  { organization_id, reach }: MemberRooms,
  filters: MembershipFilters,
  keyset: Keyset,
): Promise<Scan<ChatMembership>> {
  const { is_participating } = filters;
  const index = is_participating === true ? MEMBER.participating : MEMBER.all;
  const found = await scan(
    database,
    {
      sources: [{ index: { ...index, where: `${index.where} AND ${IS_OF_ORGANIZATION}` }, owner: userId }],
      ...READ,
      match: membershipMatch(is_participating),
      rowsOfId: 2,
      parameters: [organization_id, ...(is_participating === true ? [] : [silenceParameter(organization_id, reach)])],
    },
    idRange(keyset, false),
    keyset.limit,
  );
  return { rows: found.rows.map(membershipOf), cut_at: found.cut_at };
}

function membershipMatch(isParticipating: boolean | undefined): string | null {
  if (isParticipating === true) return null;
  const holds = `(walk.facts ->> '$.is_removed' IS NULL AND ${silenceHoldsSql('?5')})`;
  return isParticipating === false ? `NOT walk.is_participating AND ${holds}` : `(walk.is_participating OR ${holds})`;
}

/**
 * Lists a visitor's memberships in the chats that the user is a member of too, oldest chat first. The key is the chat's
 * id.
 */
export async function listVisitorMemberships(
  database: OrganizationDatabase,
  of: { visitor_id: string; user_id: string; rooms: MemberRooms },
  keyset: Keyset,
): Promise<Scan<ChatMembership>> {
  const found = await scan(
    database,
    {
      sources: [{ index: MEMBER.all, owner: of.visitor_id }],
      ...READ,
      match: `EXISTS (SELECT 1 FROM members AS other WHERE other.chat_id = walk.id AND other.member_id = ?4
        AND (other.is_participating OR (other.facts ->> '$.is_removed' IS NULL AND ${silenceHoldsSql('?5')})))`,
      rowsOfId: 3,
      parameters: [of.user_id, silenceParameter(of.rooms.organization_id, of.rooms.reach)],
    },
    idRange(keyset, false),
    keyset.limit,
  );
  return { rows: found.rows.map(membershipOf), cut_at: found.cut_at };
}

/** Lists a visitor's memberships in all their chats, oldest chat first. The key is the chat's id. */
export async function listOwnMembershipsOfVisitor(
  database: OrganizationDatabase,
  visitorId: string,
  keyset: Keyset,
): Promise<Scan<ChatMembership>> {
  const listing = { sources: [{ index: MEMBER.all, owner: visitorId }], ...READ, match: null, rowsOfId: 1 };
  const found = await scan(database, listing, idRange(keyset, false), keyset.limit);
  return { rows: found.rows.map(membershipOf), cut_at: found.cut_at };
}

function membershipOf(row: Row): ChatMembership {
  return { member: JSON.parse(row.member) as MemberFacts, chat: copiedChat(row.chat) };
}
