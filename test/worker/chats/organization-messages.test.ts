import { beforeAll, describe, expect, it } from 'vitest';
import { deleteExpiredMessages } from '../../../src/chats/expired-messages.ts';
import { listMessages } from '../../../src/chats/list-messages.ts';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase } from '../../../src/db/database.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import type { MessageFacts } from '../../../src/resources/message.ts';
import { firstUuidAt, newUuid, uuidVersion7 } from '../../../src/resources/uuid.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { keysOf, MESSAGE_KEYS } from '../../support/worker/chat-keys.ts';
import {
  ask,
  copiedMessages,
  enrollAgent,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import {
  ORGANIZATION_BINDING,
  organizationD1,
  organizationDatabase,
} from '../../support/worker/organization-database.ts';
import { type Answer, admin, type Person, testEnv } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

const DAY = 24 * 3_600_000;

const list = (own: TestOrganization, query = '', person: Person = own.reporter) =>
  ask(person, 'GET', `${own.organizationPath}/messages${query}`);
const idsOf = (answer: { json: Json }) => resultsOf(answer).map(({ id }) => id);

/** All pages in one direction. */
async function pagesOf(own: TestOrganization, query: string): Promise<Answer[]> {
  const pages = [await list(own, query)];
  for (;;) {
    const next = pages.at(-1)?.json['next'];
    if (typeof next !== 'string') return pages;
    pages.push(await ask(own.reporter, 'GET', next));
  }
}

const BARE_MESSAGE = {
  type: 'msg' as const,
  sender_id: 'x',
  sender_name: null,
  sender_public_name: null,
  sender_avatar: null,
  external_sender_id: null,
  external_message_id: null,
  selected_reply_suggestion: null,
  attachments: [],
  attachment_template: null,
  response_to: null,
};

/** Writes messages directly into the copy, a second apart, because only the list is tested. */
async function writeMessages(organizationId: string, count: number, from: number, message: string): Promise<void> {
  const [chat, room] = [newUuid(from), newUuid(from)];
  const rows = Array.from({ length: count }, (_, number) => {
    const created_at = from + number * 1000;
    const id = uuidVersion7(created_at, { high12: 1, low62: BigInt(number) });
    const sender_type = number === 0 ? ('user' as const) : ('visitor' as const);
    const facts: MessageFacts = { ...BARE_MESSAGE, id, created_at, sender_type, message };
    return [organizationId, id, chat, room, number, sender_type, 'msg', JSON.stringify(facts)];
  });
  // A parameter may have 1 MB.
  const perStatement = Math.max(1, Math.floor(900_000 / (message.length + 500)));
  for (let place = 0; place < rows.length; place += perStatement) {
    await organizationD1
      .prepare(
        `INSERT INTO messages SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
         value ->> 7 FROM json_each(?)`,
      )
      .bind(JSON.stringify(rows.slice(place, place + perStatement)))
      .run();
  }
}

describe('the messages of an organization', () => {
  it('are only those of all its rooms, as their chats show them, newest first, page by page', async () => {
    const own = await TestOrganization.open();
    const one = await own.say(unique('thread'), 'one');
    const two = await own.say(unique('thread'), 'two');
    const three = await own.send([visitorSays(unique('thread'), 'three')], { close_session: true });
    const newestFirst = [...three.ids, ...two.ids, ...one.ids];
    const all = await list(own);
    expect([all.status, all.json['next'], all.json['previous']]).toEqual([200, null, null]);
    expect(idsOf(all)).toEqual(newestFirst);
    for (const message of resultsOf(all)) {
      expect(keysOf(message).filter((key) => key !== 'external_sender_id')).toEqual(MESSAGE_KEYS);
      const path = `${own.organizationPath}/owned_chats/${message['chat_id']}/messages/${message['id']}`;
      expect((await ask(own.reporter, 'GET', path)).json).toEqual(message);
    }
    expect(idsOf(await list(own, '?ordering=created_at'))).toEqual(newestFirst.toReversed());
    const first = await list(own, '?page_size=2');
    const second = await ask(own.reporter, 'GET', String(first.json['next']));
    expect([first, second].map(idsOf)).toEqual([newestFirst.slice(0, 2), newestFirst.slice(2)]);
    expect(idsOf(await ask(own.reporter, 'GET', String(second.json['previous'])))).toEqual(newestFirst.slice(0, 2));
    await org.say(unique('thread'), 'elsewhere');
    expect(idsOf(await list(own))).toEqual(newestFirst);
  });

  it('are filtered by time, room, chat, sender and type', async () => {
    const own = await TestOrganization.open();
    const { chatId, ids } = await own.say(unique('thread'), 'question');
    await own.join(own.agent, chatId);
    const [join] = resultsOf(await list(own)).filter(({ type }) => type === 'join');
    const posted = await ask(own.agent, 'POST', `/users/${own.agent.user_id}/chats/${chatId}/messages`, {
      message: 'a',
    });
    const other = await own.say(unique('thread'), 'another');
    const answers = [String(posted.json['id'])];
    const chosen = async (query: string) => idsOf(await list(own, `?ordering=created_at&${query}`));
    expect(await chosen('sender_type=user')).toEqual([join?.['id'], ...answers]);
    expect(await chosen('sender_type=visitor')).toEqual([...ids, ...other.ids]);
    expect(await chosen(`chat_id=${chatId}`)).toEqual([...ids, join?.['id'], ...answers]);
    expect(await chosen(`chat_id=${chatId.toUpperCase()}&type__in=join,leave`)).toEqual([join?.['id']]);
    expect(await chosen('type__not_in=join')).toEqual([...ids, ...answers, ...other.ids]);
    expect(await chosen(`room_id=${own.gateway.roomId}`)).toHaveLength(4);
    const strange = (await org.say(unique('thread'), 'of another organization')).chatId;
    for (const query of [`room_id=${org.gateway.roomId}`, `chat_id=${strange}`, `chat_id=${crypto.randomUUID()}`]) {
      expect(await chosen(query)).toEqual([]);
    }
    const at = String(posted.json['created_at']);
    expect(await chosen(`created_at_before=${at}`)).toEqual([...ids, join?.['id']]);
    expect(await chosen(`created_at_after=${at}`)).toEqual(other.ids);
    const between = at.replace('Z', '001Z');
    expect(await chosen(`created_at_before=${between}`)).toEqual([...ids, join?.['id'], ...answers]);
    expect(await chosen(`created_at_after=${between}`)).toEqual(other.ids);
    expect(await chosen('created_at_after=2020-01-01T00:00:00Z&created_at_before=2020-01-02T00:00:00Z')).toEqual([]);
  });

  it('are sorted by the time they were written, including imported ones', async () => {
    const own = await TestOrganization.open();
    const live = await own.say(unique('thread'), 'now');
    const thread = unique('thread');
    const times = ['2019-03-01T09:00:00.000Z', '2019-03-02T09:00:00.000Z'];
    const imported = await own.send(
      times.map((created_at) => visitorSays(thread, 'then', { created_at })),
      { close_session: true },
    );
    expect(idsOf(await list(own, '?ordering=created_at'))).toEqual([...imported.ids, ...live.ids]);
    expect(idsOf(await list(own, `?chat_id=${imported.chatId}&ordering=created_at`))).toEqual(imported.ids);
    const day = '?created_at_after=2019-03-01T00:00:00Z&created_at_before=2019-03-02T00:00:00Z';
    expect(idsOf(await list(own, day))).toEqual(imported.ids.slice(0, 1));
  });

  it('do not include those of chats without a room', async () => {
    const own = await TestOrganization.open();
    const colleague = await enrollAgent(own.organizationId);
    const started = await ask(own.agent, 'POST', `/users/${own.agent.user_id}/chats`, {});
    const chat = String(started.json['id']);
    const invited = { invited_user_id: colleague.user_id };
    await ask(own.agent, 'POST', `/users/${own.agent.user_id}/chats/${chat}/outgoing_chat_invitations`, invited);
    const said = await ask(own.agent, 'POST', `/users/${own.agent.user_id}/chats/${chat}/messages`, { message: 'us' });
    expect(said.status).toBe(200);
    expect(resultsOf(await list(own))).toEqual([]);
    expect(await copiedMessages(chat)).toEqual([]);
  });

  it('have short or empty pages for a filter that rarely matches, and each page reads a limited number of rows', async () => {
    const own = await TestOrganization.open();
    await writeMessages(own.organizationId, 1_500, 1_772_000_000_000, 'x');
    const pages = await pagesOf(own, '?sender_type=user');
    expect(idsOf(pages[0] as Answer)).toEqual([]);
    expect(pages.flatMap(idsOf)).toHaveLength(1);
    const cost = noCost();
    const keyset = { key: null, direction: 'next' as const, limit: 51 };
    await listMessages(organizationDatabase(cost), own.organizationId, { sender_type: 'user' }, true, keyset);
    expect([cost.d1.trips, cost.d1.rowsRead <= 1000]).toEqual([1, true]);
  });

  it('end a page early when they are long, so that no page is larger than 4 MB', async () => {
    const own = await TestOrganization.open();
    await writeMessages(own.organizationId, 120, 1_772_000_000_000, 'x'.repeat(100_000));
    const pages = await pagesOf(own, '?page_size=100');
    expect(pages.flatMap(idsOf)).toHaveLength(120);
    expect(new Set(pages.flatMap(idsOf)).size).toBe(120);
    expect(pages.length).toBeGreaterThan(2);
    for (const page of pages) {
      expect(page.text.length).toBeLessThan(4_500_000);
      for (const { message } of resultsOf(page)) expect(String(message)).toHaveLength(100_000);
    }
  });
});

describe('the list of an organization’s messages refuses', () => {
  it('a malformed value, and names the field', async () => {
    for (const [query, field] of [
      ['?ordering=name', 'ordering'],
      ['?page_size=0', 'page_size'],
      ['?cursor=x', 'cursor'],
      ['?created_at_after=yesterday', 'created_at_after'],
      ['?created_at_before=x', 'created_at_before'],
      ['?room_id=x', 'room_id'],
      ['?chat_id=x', 'chat_id'],
      ['?sender_type=bot', 'sender_type'],
    ] as const) {
      const answer = await list(org, query);
      expect([query, answer.status, Object.keys(answer.json)]).toEqual([query, 400, [field]]);
    }
  });

  it('tokens without the scope reports, whatever the setting of private history', async () => {
    const answer = await list(org, '', org.agent);
    expect([answer.status, answer.json]).toEqual([403, { detail: expect.stringContaining('reports') }]);
    await admin(org.organizationPath.replace('/orgs', '/organizations'), {
      method: 'PATCH',
      body: { private_chat_history: true },
    });
    expect((await list(org, '', org.agent)).status).toBe(403);
    expect((await list(org)).status).toBe(200);
  });
});

describe('message_list_days', () => {
  const identity = openIdentityDatabase(testEnv, noCost());

  it('deletes older messages from the list; a rebuild restores them until the next sweep, and the chat keeps them', async () => {
    const own = await TestOrganization.open();
    const thread = unique('thread');
    const now = Date.now();
    const sent = await own.send([visitorSays(thread, 'old', { created_at: new Date(now - 40 * DAY).toISOString() })], {
      close_session: true,
    });
    const kept = await own.say(thread, 'new');
    const sweep = () => {
      return deleteExpiredMessages(identity, organizationDatabase(noCost()), ORGANIZATION_BINDING, now);
    };
    await writeCollected(testEnv);
    expect(await sweep()).toBe(0);
    const manager = await enrollAgent(own.organizationId, {}, ['settings']);
    const changed = await ask(manager, 'PATCH', own.organizationPath, { message_list_days: 30 });
    expect([changed.status, changed.json['message_list_days']]).toEqual([200, 30]);
    expect(await sweep()).toBe(1);
    expect(idsOf(await list(own))).toEqual(kept.ids);
    const path = `${own.organizationPath}/owned_chats/${sent.chatId}/messages`;
    expect(idsOf(await ask(own.reporter, 'GET', path))).toEqual(sent.ids);
    await threadStub(testEnv, threadNameOfChat(sent.chatId) ?? '').rebuild({ v: 1 });
    expect(idsOf(await list(own))).toEqual([...kept.ids, ...sent.ids]);
    expect(await sweep()).toBe(1);
    await ask(manager, 'PATCH', own.organizationPath, { message_list_days: null });
    await threadStub(testEnv, threadNameOfChat(sent.chatId) ?? '').rebuild({ v: 1 });
    expect(await sweep()).toBe(0);
  });

  it('deletes a limited number of rows at a time', async () => {
    const own = await TestOrganization.open();
    await admin(`/organizations/${own.organizationId}`, { method: 'PATCH', body: { message_list_days: 1 } });
    const from = Date.parse('2026-01-01T00:00:00Z');
    for (const part of [0, 1, 2]) await writeMessages(own.organizationId, 2_500, from + part * DAY, 'x');
    const database = organizationDatabase(noCost());
    const portions: number[] = [];
    const counted = {
      ...database,
      run: async (sql: string, ...parameters: unknown[]) => {
        const done = await database.run(sql, ...parameters);
        portions.push(done.changes);
        return done;
      },
    };
    expect(await deleteExpiredMessages(identity, counted, ORGANIZATION_BINDING, from + 9 * DAY)).toBe(7_500);
    expect(portions).toEqual([5_000, 2_500]);
    const left = 'SELECT count(*) AS count FROM messages WHERE organization_id = ? AND place < ?';
    const bound = organizationD1.prepare(left).bind(own.organizationId, firstUuidAt(from + 9 * DAY));
    expect(await bound.first('count')).toBe(0);
  });

  it('is a number of days or null, set with the scope settings or by the operator', async () => {
    const own = await TestOrganization.open();
    const manager = await enrollAgent(own.organizationId, {}, ['settings']);
    for (const days of [0, 36_501, 1.5, 'x']) {
      const refused = await ask(manager, 'PATCH', own.organizationPath, { message_list_days: days });
      expect([days, refused.status, Object.keys(refused.json)]).toEqual([days, 400, ['message_list_days']]);
    }
    const path = `/organizations/${own.organizationId}`;
    expect((await admin(path)).json).toMatchObject({ message_list_days: null });
    const changed = await admin(path, { method: 'PATCH', body: { message_list_days: 90 } });
    expect(changed.json).toMatchObject({ message_list_days: 90 });
    expect((await ask(manager, 'GET', own.organizationPath)).json).toMatchObject({ message_list_days: 90 });
    expect((await admin(path, { method: 'PATCH', body: { name: 'x' } })).json).toMatchObject({ message_list_days: 90 });
  });
});
