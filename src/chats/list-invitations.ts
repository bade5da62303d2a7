import type { OrganizationDatabase } from '../db/database.ts';
import type { Keyset } from '../db/keyset.ts';
import type { ChatFacts } from '../resources/chat.ts';
import type { InvitationFacts } from '../resources/invitation.ts';
import { copiedChat } from './copied-chat.ts';
import type { IdIndex } from './id-walk.ts';
import { idRange, type Scan, scan } from './scan.ts';

/** An invitation with its chat, whose counts it shows. */
export type ChatInvitation = { invitation: InvitationFacts; chat: ChatFacts };

/** `is_accepted: false` means pending: neither accepted nor expired (Chats API, Chat invitations). */
export type InvitationFilters = { is_accepted?: boolean | undefined; is_expired?: boolean | undefined };

type Row = { invitation: string; chat: string };

const BY_INVITEE: IdIndex = {
  table: 'invitations',
  name: 'invitations_by_invitee',
  owner: 'invitee_id',
  id: 'id',
  where: 'TRUE',
};

/**
 * Lists the invitations of some invitees (a user, their teams, their organization), oldest first. The keyset's key is
 * the invitation's id.
 */
export async function listIncomingInvitations(
  database: OrganizationDatabase,
  inviteeIds: readonly string[],
  filters: InvitationFilters,
  keyset: Keyset,
): Promise<Scan<ChatInvitation>> {
  const found = await scan(
    database,
    {
      sources: [...new Set(inviteeIds)].map((owner) => ({ index: BY_INVITEE, owner })),
      columns: { invitation: 'invitation.facts', chat: 'chat.facts' },
      joins: `CROSS JOIN invitations AS invitation INDEXED BY invitations_by_id ON invitation.id = walk.id
        CROSS JOIN chats AS chat ON chat.id = invitation.chat_id`,
      match: conditionOf(filters),
      rowsOfId: 2,
    },
    idRange(keyset, false),
    keyset.limit,
  );
  return { rows: found.rows.map(invitationOf), cut_at: found.cut_at };
}

/** The chat of an invitation, with its invitee; null when no invitation has this id. */
export async function findInvitation(
  database: OrganizationDatabase,
  invitationId: string,
): Promise<{ chat_id: string; invitee_id: string; facts: InvitationFacts } | null> {
  const row = await database.first<{ chat_id: string; invitee_id: string; facts: string }>(
    'SELECT chat_id, invitee_id, facts FROM invitations WHERE id = ?',
    invitationId,
  );
  return row === null ? null : { ...row, facts: JSON.parse(row.facts) as InvitationFacts };
}

/** Null when all invitations match. */
function conditionOf({ is_accepted, is_expired }: InvitationFilters): string | null {
  const accepted = `invitation.facts ->> '$.accepted_at' IS`;
  const expired = `invitation.facts ->> '$.expired_at' IS`;
  const conditions: string[] = [];
  if (is_accepted === true) conditions.push(`${accepted} NOT NULL`);
  if (is_accepted === false) conditions.push(`${accepted} NULL`, `${expired} NULL`);
  if (is_expired !== undefined) conditions.push(`${expired} ${is_expired ? 'NOT NULL' : 'NULL'}`);
  return conditions.length === 0 ? null : conditions.join(' AND ');
}

function invitationOf(row: Row): ChatInvitation {
  return { invitation: JSON.parse(row.invitation) as InvitationFacts, chat: copiedChat(row.chat) };
}
