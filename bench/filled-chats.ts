import type { ChatFacts } from '../src/resources/chat.ts';

type Filling = { organizationId: string; roomId: string; from: number; upTo: number };
type FillingDatabase = { prepare(sql: string): { bind(...values: unknown[]): { run(): Promise<unknown> } } };

const ROWS_A_STATEMENT = 10_000;
const BEGIN = Date.UTC(2026, 0, 1);

/** Chats as the projection writes them, one a second from the start of 2026, with version-7 ids of those times. */
const FILL = `
WITH RECURSIVE numbers (number) AS (SELECT ?1 UNION ALL SELECT number + 1 FROM numbers WHERE number + 1 < ?2),
times AS (SELECT number, ${BEGIN} + number * 1000 AS at FROM numbers),
ids AS (
  SELECT number, at,
    printf('%08x-%04x-7%03x-8%03x-%012x', at >> 16, at & 65535, number & 4095, number >> 12, number) AS id
  FROM times
)
INSERT INTO chats
  (id, thread, seq, organization_id, room_id, visitor_id, chat_type, is_ended, is_waiting, is_pending, updated_at, facts)
SELECT id, 'filled-' || number, 1, ?3, ?4, NULL, 'external', 0, 0, 0, at,
  json_set(?5, '$.id', id, '$.created_at', at, '$.updated_at', at)
FROM ids`;

/** Writes chats number from up to upTo of an organization straight into D1's copy, past every thread. */
export async function fillChats(database: FillingDatabase, filling: Filling): Promise<void> {
  const facts = JSON.stringify(emptyChat(filling));
  for (let from = filling.from; from < filling.upTo; from += ROWS_A_STATEMENT) {
    const upTo = Math.min(filling.upTo, from + ROWS_A_STATEMENT);
    await database.prepare(FILL).bind(from, upTo, filling.organizationId, filling.roomId, facts).run();
  }
}

function emptyChat({ organizationId, roomId }: Filling): ChatFacts {
  return {
    id: '',
    chat_type: 'external',
    created_at: 0,
    updated_at: 0,
    room: { id: roomId, name: 'Support', organization_id: organizationId },
    organization_id: organizationId,
    visitor_id: null,
    is_waiting: false,
    waiting_started_at: null,
    ended_at: null,
    user_message_count: 0,
    visitor_message_count: 0,
    message_counts: {},
    first_message_at: null,
    last_message_at: null,
    first_visitor_message_at: null,
    first_answer_at: null,
    active_milliseconds: 0,
    has_human_message: false,
    tag_count: 0,
    member_count: 0,
    user_member_count: 0,
    visitor_member_count: 0,
    present_user_participant_count: 0,
    present_visitor_participant_count: 0,
  };
}
