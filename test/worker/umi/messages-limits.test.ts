import { runInDurableObject } from 'cloudflare:test';
import { beforeAll, describe, expect, it } from 'vitest';
import { threadName } from '../../../src/domain/address.ts';
import { eventually } from '../../support/eventually.ts';
import { countRows } from '../../support/worker/copied-rows.ts';
import {
  ask,
  copiedMessages,
  type Json,
  resultsOf,
  TestOrganization,
  unique,
  visitorSays,
} from '../../support/worker/organization.ts';
import { testEnv } from '../../support/worker/requests.ts';

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
});

/** The lengths and the first difference of two texts: a failure must not print megabytes. */
function expectSameText(actual: unknown, expected: string): void {
  expect(typeof actual === 'string' && actual === expected).toBe(true);
}

async function allMessages(chatId: string): Promise<Json[]> {
  await org.join(org.reporter, chatId, { is_participating: false, composing_status: 'idle' });
  const read: Json[] = [];
  let url: unknown = `/users/${org.reporter.user_id}/chats/${chatId}/messages?type__in=msg&page_size=200`;
  while (typeof url === 'string') {
    const page = await ask(org.reporter, 'GET', url);
    expect(page.status).toBe(200);
    expect(resultsOf(page).length).toBeGreaterThan(0);
    read.push(...resultsOf(page));
    url = page.json['next'];
  }
  return read;
}

describe('accepts', () => {
  it('500 messages at once; 501 are refused', async () => {
    const thread = unique('thread');
    const batch = (count: number) =>
      Array.from({ length: count }, (_, place) =>
        place % 2 === 0 ? visitorSays(thread, `text ${place}`) : org.userSays(thread, `text ${place}`),
      );
    const rows = await countRows();
    const refused = await org.post({ messages: batch(501) });
    expect([refused.status, refused.json]).toEqual([
      400,
      { messages: ['Ensure this field has no more than 500 elements.'] },
    ]);
    expect(await countRows()).toEqual(rows);
    const sent = await org.send(batch(500));
    expect(sent.json).toMatchObject({ messages_created: 500, is_new_session: true });
    expect(new Set(sent.ids).size).toBe(500);
    const read = await allMessages(sent.chatId);
    expect(read.map(({ id }) => id)).toEqual(sent.ids);
    expect(read.map(({ message }) => message)).toEqual(Array.from({ length: 500 }, (_, place) => `text ${place}`));
    await eventually(async () => expect(await copiedMessages(sent.chatId)).toHaveLength(500));
    expect(await org.ledger()).toMatchObject({ accepted: 250 });
  });

  it('100,000 characters in a body, counted as code points; one more is refused', async () => {
    const thread = unique('thread');
    for (const character of ['a', 'ä', '€', '🙂']) {
      const body = character.repeat(100_000);
      const sent = await org.say(thread, body);
      const read = await org.messages(sent.chatId, '?ordering=-created_at&page_size=1&type__in=msg');
      expectSameText(read[0]?.['message'], body);
      const refused = await org.post({ messages: [visitorSays(thread, `${body}${character}`)] });
      expect([refused.status, refused.json]).toEqual([
        400,
        { messages: [{ body: ['Ensure this field has no more than 100000 characters.'] }] },
      ]);
    }
  });

  it('ids of 512 characters of four bytes', async () => {
    const id = '🧵'.repeat(512);
    const message = visitorSays(id, 'hi', { sender_id: '🙂'.repeat(512), message_id: '🪪'.repeat(512) });
    const sent = await org.send([message]);
    expect((await org.send([message])).headers.get('Idempotent-Replayed')).toBe('true');
    expect(await org.messages(sent.chatId, '?type__in=msg')).toMatchObject([{ external_sender_id: '🙂'.repeat(512) }]);
    await org.send([org.userSays(id, 'answer')]);
    expect(await org.events(id)).toMatchObject([{ thread_id: id }]);
    expect((await org.close(id)).json).toMatchObject({ thread_id: id, is_ended: true });
  });

  it('50 messages of 100,000 four-byte characters over several requests, unchanged in the thread and in D1', async () => {
    const thread = unique('thread');
    const bodies = Array.from({ length: 50 }, (_, place) => {
      const mark = String(place).padStart(2, '0');
      return `${mark}${'😀'.repeat(99_996)}${mark}`;
    });
    const ids: string[] = [];
    let chatId = '';
    for (let start = 0; start < bodies.length; start += 10) {
      const batch = bodies
        .slice(start, start + 10)
        .map((body, place) => (place % 3 === 2 ? org.userSays(thread, body) : visitorSays(thread, body)));
      const sent = await org.send(batch);
      ids.push(...sent.ids);
      chatId = sent.chatId;
    }
    const read = await allMessages(chatId);
    expect(read.map(({ id }) => id)).toEqual(ids);
    for (const [place, body] of bodies.entries()) expectSameText(read[place]?.['message'], body);
    await eventually(async () => expect(await copiedMessages(chatId)).toHaveLength(50));
    for (const [place, row] of (await copiedMessages(chatId)).entries()) {
      expect(row.place).toBe(ids[place]);
      expectSameText((JSON.parse(row.facts) as { message: string }).message, bodies[place] ?? '');
    }
    const events: Json[] = [];
    let url: unknown = `/events?thread_id=${thread}`;
    while (typeof url === 'string') {
      const page = await org.request('GET', url);
      events.push(...resultsOf(page));
      url = page.json['next'];
    }
    const answered = bodies.filter((_, place) => (place % 10) % 3 === 2);
    expect(events).toHaveLength(answered.length);
    for (const [place, body] of answered.entries()) {
      expectSameText((events[place] as { message: Json }).message['message'], body);
    }
  });

  it('characters that JSON writes with six', async () => {
    const body = `x${'\u0001\u2028\u007f"\\'.repeat(19_999)}x`;
    const sent = await org.say(unique('thread'), body);
    expectSameText((await org.messages(sent.chatId, '?type__in=msg'))[0]?.['message'], body);
    await eventually(async () => expect(await copiedMessages(sent.chatId)).toHaveLength(1));
    const [row] = await copiedMessages(sent.chatId);
    expectSameText((JSON.parse(row?.facts ?? '{}') as { message?: string }).message, body);
  });

  it('a body of 5,000,000 bytes; one more is 413 and writes nothing', async () => {
    const thread = unique('thread');
    const frame = (pad: string) => JSON.stringify({ messages: [visitorSays(thread, 'hi')], pad });
    const payload = (bytes: number) => {
      const empty = frame('');
      return empty.replace('"pad":""', `"pad":"${'x'.repeat(bytes - empty.length)}"`);
    };
    const rows = await countRows();
    const refused = await org.request('POST', '/messages', { raw: payload(5_000_001) });
    expect([refused.status, refused.json]).toEqual([413, { detail: expect.stringContaining('5,000,000') }]);
    expect(await countRows()).toEqual(rows);
    expect((await org.request('POST', '/messages', { raw: payload(5_000_000) })).status).toBe(201);
  });

  it('variables that fill a request', async () => {
    const thread = unique('thread');
    const value = '€'.repeat(10_000);
    const variables = Object.fromEntries(
      Array.from({ length: 120 }, (_, place) => [`large ${String(place).padStart(3, '0')}`, value]),
    );
    const sent = await org.post({ messages: [visitorSays(thread, 'hi')], variables });
    expect(sent.status).toBe(201);
    const visitor = (await org.memberships(String(sent.json['chat_id'])))[0]?.['member_id'];
    const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors/${visitor}/variables?page_size=200`;
    await eventually(async () => {
      const listed = resultsOf(await ask(org.agent, 'GET', path));
      expect(listed.map(({ key }) => key)).toEqual(Object.keys(variables).sort());
      for (const row of listed) expectSameText(row['value'], value);
    });
  });

  it('1,000 variables; one more is refused and writes nothing', async () => {
    const thread = unique('thread');
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, place) => [`key ${place}`, `${place}`]));
    const rows = await countRows();
    const refused = await org.post({ messages: [visitorSays(thread, 'hi')], variables: many(1001) });
    expect([refused.status, refused.json]).toEqual([
      400,
      { variables: { non_field_errors: ['Ensure this field has no more than 1000 elements.'] } },
    ]);
    const wrong = Object.fromEntries(Array.from({ length: 190_000 }, (_, place) => [place.toString(36), 0]));
    const flood = await org.post({ messages: [visitorSays(thread, 'hi')], variables: wrong });
    expect([flood.status, flood.json]).toEqual([400, refused.json]);
    expect(await countRows()).toEqual(rows);
    const variables = many(1000);
    const sent = await org.say(thread, 'hi', { variables });
    const visitor = (await org.memberships(sent.chatId))[0]?.['member_id'];
    const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors/${visitor}/variables?page_size=200`;
    const seen: unknown[] = [];
    let url: unknown = path;
    while (typeof url === 'string') {
      const page = await ask(org.agent, 'GET', url);
      seen.push(...resultsOf(page).map(({ key }) => key));
      url = page.json['next'];
    }
    expect(seen).toEqual(Object.keys(variables).sort());
  });

  it('10,000 characters in a suggestion, and messages that select it; one more is refused', async () => {
    const thread = unique('thread');
    const sent = await org.say(thread, 'hi');
    const longest = '🙂'.repeat(10_000);
    const path = `/users/${org.bot.user_id}/routed_chats/${sent.chatId}/messages/${sent.ids[0]}/reply_suggestions`;
    const refused = await ask(org.bot, 'POST', path, { suggestion: `${longest}x` });
    expect([refused.status, refused.json]).toEqual([
      400,
      { suggestion: ['Ensure this field has no more than 10000 characters.'] },
    ]);
    const suggestion = await org.suggest(sent.chatId, sent.ids[0] ?? '', longest);
    const replies = Array.from({ length: 500 }, (_, place) =>
      org.userSays(thread, `text ${place}`, { selected_reply_suggestion_id: suggestion }),
    );
    expect((await org.send(replies)).json).toMatchObject({ messages_created: 500 });
    const [last] = await org.messages(sent.chatId, '?ordering=-created_at&page_size=1&type__in=msg');
    expectSameText((last?.['selected_reply_suggestion'] as Json | undefined)?.['suggestion'], longest);
  });

  it('a visitor’s name of any length: 255 characters are shown, and the variable stays whole', async () => {
    const thread = unique('thread');
    const messages = Array.from({ length: 500 }, (_, place) => visitorSays(thread, `text ${place}`));
    const name = '🙂'.repeat(1000);
    const sent = await org.send(messages, { variables: { username: name } });
    const visitor = (await org.memberships(sent.chatId))[0];
    expect(visitor?.['member_name']).toBe('🙂'.repeat(255));
    const path = `${org.organizationPath}/rooms/${org.gateway.roomId}/visitors/${visitor?.['member_id']}/variables`;
    await eventually(async () => expect(resultsOf(await ask(org.agent, 'GET', path))).toMatchObject([{ value: name }]));
  });
});

describe('the rows of the log', () => {
  it('stay below the platform’s limit of 2 MB, whatever a request contains', async () => {
    const thread = unique('thread');
    const worst = '\u0001'.repeat(100_000);
    const variables = Object.fromEntries(
      Array.from({ length: 60 }, (_, place) => [`worst ${place}`, worst.slice(0, 10_000)]),
    );
    const sent = await org.send([visitorSays(thread, 'hi')], { variables });
    const suggestion = await org.suggest(sent.chatId, sent.ids[0] ?? '', '\u0001'.repeat(10_000));
    await org.send([org.userSays(thread, worst, { selected_reply_suggestion_id: suggestion })]);
    const name = threadName({ kind: 'channel', channel_id: org.channelId, thread_id: thread });
    const largest = await runInDurableObject(testEnv.THREADS.getByName(name), (_, state) =>
      ['events', 'webhook_contents'].map((table) => {
        const column = table === 'events' ? 'event' : 'resources';
        const sql = `SELECT max(length(CAST(${column} AS BLOB))) AS bytes FROM ${table}`;
        return state.storage.sql.exec<{ bytes: number }>(sql).one().bytes;
      }),
    );
    for (const bytes of largest) {
      expect(bytes).toBeGreaterThan(600_000);
      expect(bytes).toBeLessThan(2_000_000);
    }
  });
});

describe('the reference', () => {
  it('names the limits', async () => {
    const { schemas } = ((await org.request('GET', 'https://hub.example/openapi.json')).json['components'] ?? {}) as {
      schemas: Record<string, { properties: Record<string, Json> }>;
    };
    expect(schemas['CreateMessages']?.properties).toMatchObject({
      messages: { minItems: 1, maxItems: 500 },
      variables: { maxProperties: 1000, description: expect.stringContaining('At most 1,000') },
    });
    expect(schemas['WriteReplySuggestion']?.properties['suggestion']).toMatchObject({ maxLength: 10_000 });
  });
});
