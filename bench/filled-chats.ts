import { type ChatFacts, ENDLESS, newChatFacts } from '../src/resources/chat.ts';
import type { InvitationFacts } from '../src/resources/invitation.ts';
import type { MemberFacts } from '../src/resources/membership.ts';

/** The owner of the chats. `agentId` is a user of `agentOrganizationId`, which need not be the owner of the rooms. */
export type Filling = {
  organizationId: string;
  roomIds: readonly string[];
  agentId: string;
  agentOrganizationId: string;
  /** The visitor of each chat in the first room; null: each chat has a different one. */
  visitorId: string | null;
  /** Distinguishes the chats of several fillings: 0 to 3. */
  series: number;
};
type FillingDatabase = { prepare(sql: string): { bind(...values: unknown[]): { run(): Promise<unknown> } } };

const ROWS_A_STATEMENT = 10_000;
const BEGIN = Date.UTC(2026, 0, 1);

/**
 * One chat a second from the start of 2026, with version-7 ids of those times. `turn` counts within a room. Of each
 * room's chats, every tenth is open, every fiftieth is pending, every tenth has an invitation, and one of 5,000 has no
 * messages. The agent is a member of every other chat and participates in half of these.
 */
const CHATS = `
WITH RECURSIVE numbers (number) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < ?2),
turns AS (
  SELECT number, ${BEGIN} + number * 1000 AS at, number / json_array_length(?3, '$.roomIds') AS turn,
    number % json_array_length(?3, '$.roomIds') AS room
  FROM numbers
),
filled AS (
  SELECT number, at, turn,
    printf('%08x-%04x-7%03x-%x%03x-%012x', at >> 16, at & 65535, number & 4095, 8 + (?3 ->> 'series'), number >> 12, number) AS id,
    ?3 ->> ('$.roomIds[' || room || ']') AS room_id,
    coalesce(iif(room = 0, ?3 ->> 'visitorId', NULL), printf('%08x%024x', ?3 ->> 'series', number)) AS visitor_id,
    turn % 10 <> 0 AS is_ended, turn % 50 = 0 AS is_pending, turn % 2 = 0 AS has_agent, turn % 4 = 0 AS is_participating,
    CASE WHEN number % 5000 = 4999 THEN 0 ELSE 2 END AS messages
  FROM turns
)`;

/** A row for each chat and table, as a projector writes it. ?4 is the template of the facts. */
const FILLS: { template: (filling: Filling) => unknown; sql: string }[] = [
  {
    template: emptyChat,
    sql: `INSERT INTO chats
      (id, thread, seq, organization_id, room_id, visitor_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
    SELECT id, 'filled-' || number, 1, ?3 ->> 'organizationId', room_id, visitor_id, 'external', is_ended, is_pending, is_pending,
      at, json_set(?4, '$.id', id, '$.created_at', at, '$.updated_at', at, '$.visitor_id', visitor_id, '$.room.id', room_id,
        '$.is_waiting', json(iif(is_pending, 'true', 'false')), '$.ended_at', iif(is_ended, at, NULL),
        '$.user_message_count', messages, '$.visitor_message_count', messages)
    FROM filled`,
  },
  {
    template: () => null,
    sql: `INSERT INTO visitors (id, organization_id, room_id, created_at)
    SELECT visitor_id, ?3 ->> 'organizationId', room_id, at FROM filled WHERE ?4 = 'null' ON CONFLICT DO NOTHING`,
  },
  {
    template: () => emptyMember('visitor'),
    sql: `INSERT INTO members (chat_id, member_id, seq, facts, is_participating, is_ended)
    SELECT id, visitor_id, 1, json_set(?4, '$.member_id', visitor_id, '$.created_at', at), 1, is_ended FROM filled`,
  },
  {
    template: ({ agentId, agentOrganizationId }) => ({
      ...emptyMember('user'),
      member_id: agentId,
      organization_id: agentOrganizationId,
    }),
    sql: `INSERT INTO members (chat_id, member_id, seq, facts, is_participating, is_ended)
    SELECT id, ?3 ->> 'agentId', 1,
      json_set(?4, '$.created_at', at, '$.is_participating', json(iif(is_participating, 'true', 'false'))),
      is_participating, is_ended
    FROM filled WHERE has_agent`,
  },
  {
    template: () => null,
    sql: `INSERT INTO involvements (organization_id, chat_id, seq, is_ended)
    SELECT ?3 ->> 'agentOrganizationId', id, 1, is_ended FROM filled WHERE has_agent AND ?4 = 'null'`,
  },
  {
    template: emptyInvitation,
    sql: `INSERT INTO invitations (chat_id, id, seq, invitee_id, facts)
    SELECT id, id, 1, ?3 ->> iif(turn % 20 = 0, 'agentId', 'agentOrganizationId'),
      json_set(?4, '$.id', id, '$.created_at', at, '$.expired_at', iif(is_ended, at, NULL))
    FROM filled WHERE turn % 10 = 5 OR turn % 20 = 0`,
  },
];

/** Writes the chats from number `from` up to `upTo` directly into D1, past all threads, with all their rows. */
export async function fillChats(
  database: FillingDatabase,
  filling: Filling,
  { from, upTo }: { from: number; upTo: number },
): Promise<void> {
  for (let begin = from; begin < upTo; begin += ROWS_A_STATEMENT) {
    const end = Math.min(upTo, begin + ROWS_A_STATEMENT);
    for (const { template, sql } of FILLS) {
      const values = [begin, end, JSON.stringify(filling), JSON.stringify(template(filling))];
      await database
        .prepare(`${CHATS} ${sql}`)
        .bind(...values)
        .run();
    }
  }
}

function emptyChat({ organizationId }: Filling): ChatFacts {
  const facts = newChatFacts({
    id: '',
    chat_type: 'external',
    created_at: 0,
    room: { id: '', name: 'Support', organization_id: organizationId },
    organization_id: organizationId,
    visitor_id: null,
    is_private: false,
    lifetime: ENDLESS,
  });
  return { ...facts, member_count: 2, user_member_count: 1, visitor_member_count: 1 };
}

function emptyMember(member_type: MemberFacts['member_type']): MemberFacts {
  return {
    member_id: '',
    member_type,
    name: null,
    public_name: null,
    avatar: null,
    organization_id: null,
    is_bot: false,
    created_at: 0,
    updated_at: 0,
    last_seen_at: null,
    is_participating: true,
    is_present: false,
  };
}

function emptyInvitation({ agentId, agentOrganizationId }: Filling): InvitationFacts {
  return {
    id: '',
    invitee: { kind: 'user', id: agentId, name: 'Otto Brown' },
    invited_by_user: {
      id: agentId,
      organization_id: agentOrganizationId,
      first_name: 'Otto',
      last_name: 'Brown',
      alias: null,
      avatar: null,
      is_bot: false,
      is_staff: false,
    },
    accepted_by_user: null,
    created_at: 0,
    updated_at: 0,
    accepted_at: null,
    expired_at: null,
  };
}
