import { applyD1Migrations, type D1Migration } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { newUuid } from '../../../src/resources/uuid.ts';
import { CHAT_KEYS, MEMBERSHIP_KEYS } from '../../support/worker/chat-keys.ts';
import { AT } from '../../support/worker/copied-chats.ts';
import { admin, call } from '../../support/worker/requests.ts';

/** A database of the first version, with rows as that version wrote them, and then the later migrations. */

const ORGANIZATION = newUuid(AT);
const PARTNER = newUuid(AT + 1);
const ROOM = newUuid(AT + 2);
const VISITOR = 'f'.repeat(32);
const OPEN = newUuid(AT + 3);
const ENDED = newUuid(AT + 4);
let user: { id: string; token: string };

beforeAll(async () => {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
  ).all<{ name: string }>();
  for (const { name } of results) await env.DB.prepare(`DROP TABLE ${name}`).run();
  const migrations = (env as unknown as { TEST_MIGRATIONS: D1Migration[] }).TEST_MIGRATIONS;
  await applyD1Migrations(env.DB, migrations.slice(0, 1));
  const id = newUuid(AT + 5);
  await writeOldRows(id);
  await applyD1Migrations(env.DB, migrations);
  const token = await admin(`/organizations/${ORGANIZATION}/users/${id}/tokens`, {
    method: 'POST',
    body: { scopes: ['settings', 'reports'] },
  });
  user = { id, token: String(token.json['token']) };
});

async function writeOldRows(userId: string): Promise<void> {
  const insert = (table: string, row: Record<string, unknown>) =>
    env.DB.prepare(
      `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row).map(() => '?')})`,
    ).bind(...Object.values(row));
  const times = { created_at: AT, updated_at: AT };
  const chatRows = [OPEN, ENDED].flatMap((id) => [
    insert('chats', {
      ...{ id, thread: 'thread', seq: 3, organization_id: ORGANIZATION, room_id: ROOM, visitor_id: VISITOR },
      ...{ chat_type: 'external', is_ended: id === ENDED ? 1 : 0, is_waiting: 0, is_pending: 0, updated_at: AT },
      facts: JSON.stringify(oldChat(id)),
    }),
    ...[
      oldMember({
        member_id: userId,
        member_type: 'user',
        organization_id: ORGANIZATION,
        is_participating: id === OPEN,
      }),
      oldMember({ member_id: newUuid(AT), member_type: 'user', organization_id: PARTNER, is_participating: true }),
      oldMember({ member_id: VISITOR, member_type: 'visitor', organization_id: null, is_participating: true }),
    ].map((facts) =>
      insert('members', { chat_id: id, member_id: facts.member_id, seq: 2, facts: JSON.stringify(facts) }),
    ),
  ]);
  await env.DB.batch([
    insert('organizations', { id: ORGANIZATION, name: 'Harbour', ...times }),
    insert('users', { id: userId, organization_id: ORGANIZATION, first_name: 'Ada', last_name: 'Agent', ...times }),
    insert('rooms', { id: ROOM, organization_id: ORGANIZATION, name: 'r', display_name: 'R', ...times }),
    insert('visitors', { id: VISITOR, organization_id: ORGANIZATION, room_id: ROOM, created_at: AT }),
    ...['a', 'b'].map((thread) =>
      insert('lanes', {
        ...{ receiver: 'channel/c', thread, version: 1, organization_id: ORGANIZATION, accepted: 5, delivered: 2 },
        ...{ pending: 1, exhausted: 1, skipped_disabled: 1, skipped_channel_deleted: 0 },
      }),
    ),
    ...chatRows,
  ]);
}

/** The facts of a chat as the first version had them. */
function oldChat(id: string) {
  return {
    id,
    chat_type: 'external',
    created_at: AT,
    updated_at: AT,
    room: { id: ROOM, name: 'R', organization_id: ORGANIZATION },
    organization_id: ORGANIZATION,
    visitor_id: VISITOR,
    is_waiting: false,
    waiting_started_at: null,
    ended_at: id === ENDED ? AT : null,
    user_message_count: 1,
    visitor_message_count: 1,
    message_counts: { [VISITOR]: 1 },
    first_message_at: AT,
    last_message_at: AT,
    first_visitor_message_at: AT,
    first_answer_at: AT,
    active_milliseconds: 0,
    has_human_message: true,
    tag_count: 0,
    member_count: 3,
    user_member_count: 2,
    visitor_member_count: 1,
    present_user_participant_count: 1,
    present_visitor_participant_count: 0,
  };
}

function oldMember(of: {
  member_id: string;
  member_type: string;
  organization_id: string | null;
  is_participating: boolean;
}) {
  return {
    ...of,
    ...{ name: 'Ada', public_name: 'Ada', avatar: null, is_bot: false, created_at: AT, updated_at: AT },
    ...{ last_seen_at: null, is_present: true, composing_status: 'idle' },
  };
}

async function read(path: string): Promise<Record<string, unknown>[]> {
  const { status, json } = await call(`/api/v5/${path}`, { authorization: `Bearer ${user.token}` });
  expect([path, status]).toEqual([path, 200]);
  return json['results'] as Record<string, unknown>[];
}

const of = (rows: Record<string, unknown>[]) => rows.map((row) => row['id'] ?? row['chat_id']).sort();

describe('rows of the first version', () => {
  it('have every documented key in each list of chats', async () => {
    const organization = `orgs/${ORGANIZATION}`;
    for (const path of [
      `${organization}/owned_chats`,
      `${organization}/routed_chats`,
      `${organization}/involved_chats`,
      `${organization}/rooms/${ROOM}/chats`,
      `${organization}/rooms/${ROOM}/visitors/${VISITOR}/chats`,
      `users/${user.id}/chats`,
      `users/${user.id}/chats?ordering=-updated_at`,
      `users/${user.id}/routed_chats`,
    ]) {
      const chats = await read(path);
      expect([path, of(chats)]).toEqual([path, [OPEN, ENDED]]);
      for (const chat of chats) {
        expect(Object.keys(chat).sort()).toEqual(CHAT_KEYS);
        expect(chat['is_private']).toBe(false);
      }
    }
    for (const path of [`${organization}/rooms/${ROOM}/pending_chats`, `users/${user.id}/pending_chats`]) {
      expect(await read(path)).toEqual([]);
    }
  });

  it('are selected by whether the chat is open and the user participates', async () => {
    const chats = `users/${user.id}/chats`;
    expect(of(await read(`${chats}?is_ended=false`))).toEqual([OPEN]);
    expect(of(await read(`${chats}?is_participating=true`))).toEqual([OPEN]);
    expect(of(await read(`${chats}?is_participating=false`))).toEqual([ENDED]);
    expect(of(await read(`orgs/${ORGANIZATION}/involved_chats?is_ended=false`))).toEqual([OPEN]);
    const involved = await env.DB.prepare(
      'SELECT is_ended FROM involvements WHERE organization_id = ? ORDER BY chat_id',
    )
      .bind(PARTNER)
      .all();
    expect(involved.results).toEqual([{ is_ended: 0 }, { is_ended: 1 }]);
  });

  it('are summed in the ledger of their receiver', async () => {
    const ledger = await env.DB.prepare(
      "SELECT accepted, delivered, pending FROM ledgers WHERE receiver = 'channel/c'",
    ).all();
    expect(ledger.results).toEqual([{ accepted: 10, delivered: 4, pending: 2 }]);
  });

  it('are memberships as documented', async () => {
    const memberships = await read(`users/${user.id}/chat_memberships`);
    expect(of(memberships)).toEqual([OPEN, ENDED]);
    for (const membership of memberships) expect(Object.keys(membership).sort()).toEqual(MEMBERSHIP_KEYS);
    expect(of(await read(`users/${user.id}/chat_memberships?is_participating=true`))).toEqual([OPEN]);
    expect(await read(`users/${user.id}/incoming_chat_invitations`)).toEqual([]);
  });
});
