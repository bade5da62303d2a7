import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { noCost } from '../../../src/db/cost.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { deliverLeased } from '../../../src/delivery/deliver-lane.ts';
import { KEEP_UNNAMED } from '../../../src/directory/files.ts';
import { deleteDueFiles } from '../../../src/files/delete-due-files.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/worker/live-client.ts';
import { ask, enrollAgent, type Json, resultsOf, TestOrganization, UUID } from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';
import { shareRoom } from '../../support/worker/organization-setup.ts';
import { receive } from '../../support/worker/receiver.ts';
import { type Answer, call, type Person, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, PNG, stored } from '../../support/worker/uploads.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
let agent: Person;
let visitor: Visitor;
/** The visitor's, which the agent has joined. */
let chatId: string;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  agent = org.agent;
  visitor = await site.visitor();
  chatId = await site.chat(visitor);
  await site.answerBy(agent, chatId, null);
});

afterEach(() => {
  makeFirstAttemptsWith(null);
  vi.restoreAllMocks();
});

const post = (person: Person, chat: string, body: Json): Promise<Answer> =>
  ask(person, 'POST', `/users/${person.user_id}/chats/${chat}/messages`, body);
const say = (who: Visitor, chat: string, body: Json): Promise<Answer> =>
  visit(who.token, 'POST', `/visitors/${who.id}/chats/${chat}/messages`, body);
const naming = (...files: Json[]): Json => ({ attachments: files.map(({ id }) => ({ file_id: id })) });
const firstOf = (message: Json = {}): Json => (message['attachments'] as Json[])[0] ?? {};
const rowOf = (id: unknown) => organizationD1.prepare('SELECT * FROM files WHERE id = ?').bind(id).first<Json>();

/** A file's row, once D1 has the message that names it. */
async function namedRow(id: unknown): Promise<Json> {
  return await eventually(async () => {
    await writeCollected(testEnv);
    const row = await rowOf(id);
    expect(row).toMatchObject({ message_id: UUID, delete_after: null });
    return row ?? {};
  });
}

/** The URL must give these bytes. */
async function expectServed(url: unknown, text: string): Promise<void> {
  const answer = await call(String(url));
  expect([answer.status, answer.text]).toEqual([200, text]);
}

describe('a message with a file', () => {
  it('of an agent needs no text, and has an attachment of the documented shape', async () => {
    const file = await stored(agent, bytesOf('an invoice'), 'invoice.txt');
    const answer = await post(agent, chatId, naming(file));
    expect([answer.status, answer.json['message'], answer.json['attachment_template']]).toEqual([200, '', 'generic']);
    const attachment = firstOf(answer.json);
    const { id, name, content_type, size, sha256 } = file;
    expect(attachment).toEqual({
      id: UUID,
      title: 'invoice.txt',
      title_link_url: expect.stringMatching(/^https:\/\/hub\.example\/files\/.+&disposition=attachment&/),
      text: null,
      image_url: null,
      image_link_url: null,
      link_target: '_blank',
      actions: [],
      interaction_id: null,
      attachment_url: null,
      parameters: null,
      file: { id, name, content_type, size, sha256 },
    });
    await expectServed(attachment['title_link_url'], 'an invoice');
  });

  it('shows an image, keeps title, text and actions, and drops other URLs', async () => {
    const file = await stored(agent, PNG, 'cat.png');
    const action = {
      text: 'Yes',
      type: 'button',
      value: 'y',
      is_disabled_on_selection: false,
      is_disabled_on_visitor_message: false,
    };
    const url = 'https://elsewhere.example/';
    const wanted = {
      file_id: file['id'],
      title: 'A cat',
      text: 'Yours?',
      title_link_url: url,
      image_url: url,
      actions: [action],
    };
    const answer = await post(agent, chatId, { message: 'look', attachments: [wanted] });
    expect(firstOf(answer.json)).toMatchObject({
      title: 'A cat',
      text: 'Yours?',
      image_url: expect.stringContaining('&disposition=inline&'),
      actions: [expect.objectContaining({ text: 'Yes' })],
    });
    expect(answer.text).not.toContain(url);
  });

  it('of a visitor is shown to everybody with URLs of their own', async () => {
    const file = await stored(visitor, bytesOf('from me'), 'mine.txt');
    const sent = await say(visitor, chatId, naming(file));
    expect([sent.status, firstOf(sent.json)['title']]).toEqual([201, 'mine.txt']);
    const id = sent.json['id'];
    const member = `/users/${agent.user_id}/chats/${chatId}/messages`;
    const shown = [
      (await ask(agent, 'GET', `${member}/${id}`)).json,
      resultsOf(await ask(agent, 'GET', member)).at(-1),
      (await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${chatId}/messages/${id}`)).json,
      resultsOf(await visit(visitor.token, 'GET', `/visitors/${visitor.id}/chats/${chatId}/messages`)).at(-1),
      resultsOf(await ask(org.reporter, 'GET', `${org.organizationPath}/messages?chat_id=${chatId}`))[0],
    ];
    for (const message of shown) {
      expect(message?.['id']).toBe(id);
      await expectServed(firstOf(message)['title_link_url'], 'from me');
    }
  });

  it('is stored without a URL, in the log, in D1 and for webhooks', async () => {
    const file = await stored(agent, bytesOf('x'), 'x.txt');
    const { json } = await post(agent, chatId, naming(file));
    await namedRow(file['id']);
    const { facts } = (await organizationD1
      .prepare(`SELECT facts FROM messages WHERE facts ->> '$.id' = ?`)
      .bind(json['id'])
      .first<{ facts: string }>()) ?? { facts: '' };
    expect(facts).toContain(String(file['id']));
    expect(facts).not.toContain('signature');
  });

  it('may be repeated with its Idempotency-Key', async () => {
    const file = await stored(agent, bytesOf('x'), 'x.txt');
    const path = `/api/v5/users/${agent.user_id}/chats/${chatId}/messages`;
    const send = () =>
      call(path, {
        method: 'POST',
        authorization: `Bearer ${agent.token}`,
        body: naming(file),
        headers: { 'Idempotency-Key': `files-${file['id']}` },
      });
    const [first, second] = [await send(), await send()];
    expect([first.status, second.status, second.json['id']]).toEqual([200, 200, first.json['id']]);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
  });

  it('keeps its file, however old, and another message of the chat may name it too', async () => {
    const file = await stored(agent, bytesOf('kept'), 'kept.txt');
    await post(agent, chatId, naming(file));
    const row = await namedRow(file['id']);
    expect(row).toMatchObject({ chat_id: chatId });
    const again = await post(agent, chatId, naming(file));
    expect(again.status).toBe(200);
    await eventually(async () => {
      await writeCollected(testEnv);
      expect(await rowOf(file['id'])).toMatchObject({ message_id: again.json['id'] });
    });
    await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now() + 100 * KEEP_UNNAMED);
    await expectServed(firstOf(again.json)['title_link_url'], 'kept');
  });

  it('goes out by webhook with URLs for seven days, and the log and the events have fresh ones', async () => {
    const thread = `ticket-${crypto.randomUUID()}`;
    const { chatId: chat } = await org.say(thread, 'where is it?');
    await org.join(agent, chat);
    const got = receive();
    const running: Promise<void>[] = [];
    makeFirstAttemptsWith((env, name, leased, askedAt) => {
      running.push(deliverLeased(consumerDeps(env), name, leased, askedAt));
    });
    const file = await stored(agent, bytesOf('by webhook'), 'w.txt');
    expect((await post(agent, chat, naming(file))).status).toBe(200);
    await Promise.all(running);
    const { message } = JSON.parse(got.at(-1)?.body ?? '{}') as { message: Json };
    const url = String(firstOf(message)['title_link_url']);
    const seconds = Number(new URL(url).searchParams.get('expires')) - Date.now() / 1000;
    expect(seconds).toBeGreaterThanOrEqual(7 * 86_400 - 60);
    expect(seconds).toBeLessThan(7 * 86_400 + 3_600);
    vi.restoreAllMocks();
    await expectServed(url, 'by webhook');
    const event = (await org.events(thread)).at(-1);
    await expectServed(firstOf(event?.['message'] as Json)['title_link_url'], 'by webhook');
    await eventually(async () => {
      const [delivery] = resultsOf(await org.request('GET', '/deliveries'));
      const { json } = await org.request('GET', `/deliveries/${delivery?.['id']}`);
      const logged = JSON.parse(String(json['body'])) as { message: Json };
      await expectServed(firstOf(logged.message)['title_link_url'], 'by webhook');
    });
  });

  it('is told on sockets with a URL', async () => {
    const client = await LiveClient.ofUser(agent);
    await client.subscribe([`/api/v5/users/${agent.user_id}/chats/${chatId}/messages`]);
    const file = await stored(visitor, bytesOf('live'), 'live.txt');
    await say(visitor, chatId, { message: 'see', ...naming(file) });
    let resource: Json = {};
    while (resource['message'] !== 'see') {
      const frame = await client.next('notifications');
      [{ resource }] = frame['notifications'] as [{ resource: Json }];
    }
    const url = String(firstOf(resource)['title_link_url']);
    await expectServed(url.startsWith('/') ? `https://hub.example${url}` : url, 'live');
    client.close();
  });

  it('offers actions to the visitor, whose answer shows the file too', async () => {
    const file = await stored(agent, bytesOf('choose'), 'c.txt');
    const action = {
      text: 'Yes',
      type: 'button',
      value: 'y',
      is_disabled_on_selection: false,
      is_disabled_on_visitor_message: false,
    };
    const { json } = await post(agent, chatId, {
      message: 'this?',
      attachments: [{ file_id: file['id'], actions: [action] }],
    });
    const attachment = firstOf(json);
    const answer = await say(visitor, chatId, {
      type: 'action',
      response_to_message_id: json['id'],
      response_to_attachment_id: attachment['id'],
      response_to_action_id: firstOf({ attachments: attachment['actions'] })['id'],
    });
    expect(answer.status).toBe(201);
    await expectServed((answer.json['response_to_attachment'] as Json)['title_link_url'], 'choose');
  });
});

describe('a message is refused', () => {
  const NO_FILE = { attachments: [{ file_id: ['There is no such file.'] }] };

  it('without a text and without a file', async () => {
    for (const body of [{}, { message: ' ' }, { message: '', attachments: [{ title: 'a' }] }]) {
      const answer = await post(agent, chatId, body);
      expect([answer.status, Object.keys(answer.json)]).toEqual([400, ['message']]);
    }
    expect((await say(visitor, chatId, { attachments: [] })).json).toEqual({ message: ['This field is required.'] });
  });

  it('for a file that is not the sender’s: unknown, a colleague’s, a visitor’s, another visitor’s, another organization’s', async () => {
    const colleague = await enrollAgent(org.organizationId);
    const other = await site.visitor();
    const foreigner = (await TestOrganization.open()).agent;
    const files = {
      colleague: await stored(colleague, 'x'),
      visitor: await stored(visitor, 'x'),
      other: await stored(other, 'x'),
      foreigner: await stored(foreigner, 'x'),
      agent: await stored(agent, 'x'),
      unknown: { id: '01a1fe0e-2427-726c-b9f7-bd2e11921d1d' },
    };
    for (const name of ['colleague', 'visitor', 'other', 'foreigner', 'unknown'] as const) {
      const answer = await post(agent, chatId, naming(files[name]));
      expect([name, answer.status, answer.json]).toEqual([name, 400, NO_FILE]);
    }
    for (const name of ['colleague', 'agent', 'other', 'foreigner', 'unknown'] as const) {
      const answer = await say(visitor, chatId, naming(files[name]));
      expect([name, answer.status, answer.json]).toEqual([name, 400, NO_FILE]);
    }
    expect(await rowOf(files.agent['id'])).toMatchObject({ chat_id: null });
  });

  it('when one of several files is unknown: none is taken', async () => {
    const [one, two] = [await stored(agent, 'x'), { id: '01a1fe0e-2427-726c-b9f7-bd2e11921d1d' }];
    const answer = await post(agent, chatId, {
      message: 'x',
      attachments: [{ title: 'a' }, { file_id: one['id'] }, { file_id: two.id }],
    });
    expect(answer.json).toEqual({ attachments: [{}, NO_FILE.attachments[0], NO_FILE.attachments[0]] });
    expect(await rowOf(one['id'])).toMatchObject({ chat_id: null });
  });

  it('for a file of another chat, of many at once too: one chat gets it', async () => {
    const file = await stored(agent, 'x');
    const others = await Promise.all(
      [1, 2, 3].map(async () => {
        const id = await site.chat(await site.visitor());
        await site.answerBy(agent, id, null);
        return id;
      }),
    );
    const answers = await Promise.all(others.map((id) => post(agent, id, naming(file))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  it('to an ended chat, and the file may be used elsewhere', async () => {
    const file = await stored(agent, 'x');
    const who = await site.visitor();
    const ended = await site.chat(who);
    await site.answerBy(agent, ended, null);
    await ask(agent, 'PATCH', `/users/${agent.user_id}/chats/${ended}`, { is_ended: true });
    expect((await post(agent, ended, naming(file))).status).toBe(409);
    expect(await rowOf(file['id'])).toMatchObject({ chat_id: null, used_at: null });
    expect((await post(agent, chatId, naming(file))).status).toBe(200);
  });

  it('in a chat of another organization: only its own people send files there', async () => {
    const partner = await TestOrganization.open();
    await shareRoom(org, org.gateway.roomId, partner);
    await org.routeTo([{ kind: 'organization', id: partner.organizationId }]);
    const { chatId: shared } = await org.say(`shared-${crypto.randomUUID()}`, 'hello');
    expect((await org.join(partner.agent, shared)).status).toBe(201);
    const file = await stored(partner.agent, 'x');
    const answer = await post(partner.agent, shared, { message: 'x', ...naming(file) });
    expect([answer.status, answer.json]).toEqual([
      409,
      { detail: 'Files can be sent only in chats of the sender’s organization.' },
    ]);
    expect((await post(partner.agent, shared, { message: 'x' })).status).toBe(200);
    await org.routeTo([{ kind: 'all', include_bots: true }]);
  });

  it('with more files than 20, and a file that is being deleted', async () => {
    const file = await stored(agent, 'x');
    const many = await post(agent, chatId, naming(...Array.from({ length: 21 }, () => file)));
    expect([many.status, many.json]).toEqual([400, { attachments: ['Ensure this field has no more than 20 files.'] }]);
    expect((await say(visitor, chatId, naming(...Array.from({ length: 21 }, () => file)))).status).toBe(400);
    await organizationD1.prepare('UPDATE files SET is_deleting = 1 WHERE id = ?').bind(file['id']).run();
    expect((await post(agent, chatId, naming(file))).json).toEqual(NO_FILE);
  });
});

describe('a message that is changed', () => {
  it('keeps its file when it gets a text, and takes it along when it is deleted', async () => {
    const file = await stored(agent, bytesOf('gone soon'), 'g.txt');
    const { json } = await post(agent, chatId, naming(file));
    const path = `/users/${agent.user_id}/chats/${chatId}/messages/${json['id']}`;
    const edited = await ask(agent, 'PATCH', path, { message: 'with a text' });
    const url = firstOf(edited.json)['title_link_url'];
    await expectServed(url, 'gone soon');
    await namedRow(file['id']);
    expect((await ask(agent, 'DELETE', path)).status).toBe(204);
    await eventually(async () => {
      await writeCollected(testEnv);
      expect(await rowOf(file['id'])).toMatchObject({ delete_after: 0 });
    });
    expect((await post(agent, chatId, naming(file))).status).toBe(400);
    await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now());
    expect([await rowOf(file['id']), (await call(String(url))).status]).toEqual([null, 404]);
    expect((await ask(agent, 'GET', path)).json['attachments']).toEqual([]);
  });
});

describe('a file that several messages name', () => {
  it('stays until the last of them is deleted', async () => {
    const file = await stored(agent, bytesOf('shared'), 'shared.txt');
    const [first, second, third] = [
      await post(agent, chatId, naming(file)),
      await post(agent, chatId, naming(file)),
      await post(agent, chatId, naming(file)),
    ];
    const messages = `/users/${agent.user_id}/chats/${chatId}/messages`;
    // The row of a message that has changed is newer than those of the messages after it.
    const edited = await ask(agent, 'PATCH', `${messages}/${first.json['id']}`, { message: 'see' });
    expect(edited.status).toBe(200);
    const url = firstOf(first.json)['title_link_url'];
    const remove = async (message: Answer, expected: Json | null) => {
      expect((await ask(agent, 'DELETE', `${messages}/${message.json['id']}`)).status).toBe(204);
      await eventually(async () => {
        await writeCollected(testEnv);
        await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now());
        const row = await rowOf(file['id']);
        if (expected === null) expect(row).toBeNull();
        else expect(row).toMatchObject(expected);
      });
    };
    await remove(third, { message_id: third.json['id'], delete_after: null });
    await expectServed(url, 'shared');
    await remove(first, { message_id: third.json['id'], delete_after: null });
    await expectServed(url, 'shared');
    await remove(second, null);
    expect((await call(String(url))).status).toBe(404);
  });
});
