import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { databasesOf, openIdentityDatabase } from '../../../src/db/database.ts';
import { KEEP_UNNAMED } from '../../../src/directory/files.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { deleteDueFiles } from '../../../src/files/delete-due-files.ts';
import { purgeOldChats } from '../../../src/purges/purge-old-chats.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { projectorStub, type ReplicaBatch } from '../../../src/rpc/projector.ts';
import { threadStub } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, enrollAgent, type Json, TestOrganization } from '../../support/worker/organization.ts';
import {
  ORGANIZATION_BINDING,
  organizationD1,
  organizationDatabase,
} from '../../support/worker/organization-database.ts';
import { call, type Person, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, stored } from '../../support/worker/uploads.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

let org: TestOrganization;
let site: Site;
let manager: Person;

beforeAll(async () => {
  org = await TestOrganization.open();
  site = await Site.at(org);
  manager = await enrollAgent(org.organizationId, {}, ['settings']);
});

const naming = ({ id }: Json): Json => ({ message: 'see', attachments: [{ file_id: id }] });
const rowOf = (id: unknown) => organizationD1.prepare('SELECT * FROM files WHERE id = ?').bind(id).first<Json>();

/** A chat with a file of its visitor and one of the agent. */
async function chatWithFiles() {
  const visitor = await site.visitor();
  const chatId = await site.chat(visitor);
  const theirs = await stored(visitor, bytesOf('of the visitor'), 'mine.txt');
  const said = await visit(visitor.token, 'POST', `/visitors/${visitor.id}/chats/${chatId}/messages`, naming(theirs));
  expect(said.status).toBe(201);
  const ours = await stored(org.agent, bytesOf('of the agent'), 'ours.txt');
  const { attachments } = naming(ours);
  const answer = await site.answerBy(org.agent, chatId, 'see', { attachments });
  return { visitor, chatId, theirs, ours, said: said.json, answer };
}

async function purge(path: string, body?: Json): Promise<void> {
  const asked = await ask(manager, 'POST', `${org.organizationPath}${path}`, body);
  expect([asked.status, asked.text]).toEqual([202, expect.any(String)]);
  await eventually(async () => {
    const { json } = await ask(manager, 'GET', `${org.organizationPath}/purges/${asked.json['id']}`);
    expect(json['status']).toBe('done');
  });
}

async function expectGone(...files: Json[]): Promise<void> {
  for (const { id, url } of files) {
    expect([await rowOf(id), await testEnv.FILES.head(String(id))]).toEqual([null, null]);
    expect((await call(String(url))).status).toBe(404);
  }
}

async function expectThere(...files: Json[]): Promise<void> {
  for (const { id, url } of files) {
    expect(await rowOf(id)).toMatchObject({ id });
    expect((await call(String(url))).status).toBe(200);
  }
}

describe('a purge deletes the files', () => {
  it('of the messages of a chat, and their old URLs are 404 when it is done', async () => {
    const { chatId, theirs, ours } = await chatWithFiles();
    const other = await chatWithFiles();
    await purge(`/owned_chats/${chatId}/purge`, {});
    await expectGone(theirs, ours);
    await expectThere(other.theirs, other.ours);
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    expect((await ask(org.agent, 'GET', path)).text).not.toMatch(/mine\.txt|ours\.txt|files_gone/);
  });

  it('of earlier messages only, when it has a time', async () => {
    const { chatId, theirs, ours, answer } = await chatWithFiles();
    await purge(`/owned_chats/${chatId}/purge`, { created_at_before: answer['created_at'] });
    await expectGone(theirs);
    await expectThere(ours);
  });

  it('but not of later messages that name them too, also when an earlier one was edited after them', async () => {
    const { chatId, theirs, ours, answer } = await chatWithFiles();
    const again = await site.answerBy(org.agent, chatId, 'again', { attachments: naming(ours)['attachments'] });
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages/${answer['id']}`;
    expect((await ask(org.agent, 'PATCH', path, { message: 'seen' })).status).toBe(200);
    await purge(`/owned_chats/${chatId}/purge`, { created_at_before: again['created_at'] });
    await expectGone(theirs);
    await expectThere(ours);
    // The newest message that names it is deleted, and the other is purged.
    const newest = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const third = await ask(org.agent, 'POST', newest, naming(ours));
    expect((await ask(org.agent, 'DELETE', `${newest}/${third.json['id']}`)).status).toBe(204);
    await expectThere(ours);
    await purge(`/owned_chats/${chatId}/purge`, {});
    await expectGone(ours);
  });

  it('of a visitor: in their chats, and those that they have sent to nobody', async () => {
    const { visitor, theirs, ours } = await chatWithFiles();
    const unsent = await stored(visitor, bytesOf('unsent'), 'unsent.txt');
    const sibling = await chatWithFiles();
    await purge(`/rooms/${site.roomId}/visitors/${visitor.id}/purge`);
    await expectGone(theirs, ours, unsent);
    await expectThere(sibling.theirs, sibling.ours);
  });

  it('of a thread of a channel', async () => {
    const thread = `ticket-${crypto.randomUUID()}`;
    const { chatId } = await org.say(thread, 'hello');
    await org.join(org.agent, chatId);
    const file = await stored(org.agent, bytesOf('to a ticket'), 't.txt');
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    expect((await ask(org.agent, 'POST', path, naming(file))).status).toBe(200);
    await purge(`/unified_messaging/${org.channelId}/purge`, { thread_id: thread });
    await expectGone(file);
  });

  it('also when the retention of chats does it', async () => {
    const { chatId, theirs, ours } = await chatWithFiles();
    await ask(org.agent, 'PATCH', `/users/${org.agent.user_id}/chats/${chatId}`, { is_ended: true });
    await ask(manager, 'PATCH', org.organizationPath, { chat_retention_days: 1 });
    await writeCollected(testEnv);
    const later = Date.now() + 2 * KEEP_UNNAMED;
    const identity = openIdentityDatabase(testEnv, noCost());
    for (const [name, copy] of databasesOf(testEnv, noCost())) {
      await purgeOldChats(testEnv, { identity, copy, name }, later);
    }
    await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now());
    await ask(manager, 'PATCH', org.organizationPath, { chat_retention_days: null });
    await expectGone(theirs, ours);
  });
});

describe('the copy in D1', () => {
  it('made again keeps the files that messages name, and brings none back', async () => {
    const [kept, gone] = [await chatWithFiles(), await chatWithFiles()];
    await purge(`/owned_chats/${gone.chatId}/purge`, {});
    for (const { chatId } of [kept, gone]) {
      await threadStub(env as unknown as Env, threadNameOfChat(chatId) ?? '').rebuild({ v: 1 });
    }
    await deleteDueFiles(testEnv.FILES, organizationDatabase(noCost()), Date.now() + 2 * KEEP_UNNAMED);
    await expectThere(kept.theirs, kept.ours);
    await expectGone(gone.theirs, gone.ours);
  });

  type Told = [message: string, seq: number, isNamed: 0 | 1];
  const [M1, M2]: [Told, Told] = [
    ['m1', 5, 1],
    ['m2', 9, 1],
  ];
  const gone = (message: string, seq: number): Told => [message, seq, 0];

  const CASES: [string, Told[], string | null, number | null][] = [
    ['a message', [M1], 'm1', null],
    ['two, in the wrong order', [M2, M1], 'm2', null],
    ['one that was purged', [M1, gone('m1', 12)], 'm1', 0],
    ['one that was purged, and late batches', [gone('m1', 12), M1, M1], 'm1', 0],
    ['two, of which the first was purged', [M1, M2, gone('m1', 12)], 'm2', null],
    ['two, of which the last was purged', [M1, M2, gone('m2', 12)], 'm2', 0],
    ['two, of which the first was told again, then purged', [M1, M2, ['m1', 15, 1], gone('m1', 16)], 'm2', null],
    ['the second late, after news of the first', [['m1', 15, 1], M2, gone('m1', 16)], 'm2', null],
    ['the second late, after the first was purged', [M1, gone('m1', 12), M2], 'm2', null],
    ['two, and both were purged', [M1, M2, gone('m1', 12), gone('m2', 13)], 'm2', 0],
  ];

  /** A new file, after D1 was told of it in batches. */
  async function told(batches: Told[][]): Promise<Json | null> {
    const visitor: Visitor = await site.visitor();
    const { id } = await stored(visitor, bytesOf('x'));
    for (const each of batches) {
      const rows = each.map((row) => JSON.stringify([id, org.organizationId, 'chat', ...row]));
      const batch: ReplicaBatch = { v: 5, thread: 'a00000', rows: { files: rows }, size: rows.join().length };
      const stub = projectorStub(env as unknown as Env, ORGANIZATION_BINDING, batch.thread);
      expect(await stub.write(ORGANIZATION_BINDING, [batch])).toMatchObject([{ ok: true }]);
    }
    return await rowOf(id);
  }

  it.each(CASES)('knows of a file: %s', async (_what, rows, message_id, delete_after) => {
    expect(await told(rows.map((row) => [row]))).toMatchObject({ message_id, delete_after });
  });

  it.each(CASES)('knows it from one batch, too: %s', async (_what, rows, message_id, delete_after) => {
    expect(await told([rows])).toMatchObject({ message_id, delete_after });
    expect(await told([rows.toReversed()])).toMatchObject({ message_id, delete_after });
  });

  it('lets no message of another organization name a file, nor one that is being deleted', async () => {
    const { id } = await stored(org.agent, bytesOf('x'));
    const write = async (organization: string) => {
      const row = JSON.stringify([id, organization, 'chat', 'm1', 5, 1]);
      const batch: ReplicaBatch = { v: 5, thread: 'a00000', rows: { files: [row] }, size: row.length };
      await projectorStub(env as unknown as Env, ORGANIZATION_BINDING, batch.thread).write(ORGANIZATION_BINDING, [
        batch,
      ]);
    };
    await write('another');
    expect(await rowOf(id)).toMatchObject({ message_id: null });
    await organizationD1.prepare('UPDATE files SET is_deleting = 1 WHERE id = ?').bind(id).run();
    await write(org.organizationId);
    expect(await rowOf(id)).toMatchObject({ message_id: null });
  });
});
