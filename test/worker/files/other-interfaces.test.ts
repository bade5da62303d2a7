import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase } from '../../../src/db/database.ts';
import { type FileOwner, useFiles } from '../../../src/directory/files.ts';
import { threadName } from '../../../src/domain/address.ts';
import { storeUpload } from '../../../src/files/store-upload.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { fileAttachment } from '../../../src/resources/file-links.ts';
import { commandThread } from '../../../src/rpc/thread.ts';
import { eventually } from '../../support/eventually.ts';
import { TestOrganization } from '../../support/worker/organization.ts';
import {
  ORGANIZATION_BINDING,
  organizationD1,
  organizationDatabase,
} from '../../support/worker/organization-database.ts';
import { testEnv } from '../../support/worker/requests.ts';
import { newChannel, receiveCommand, visitorMessage } from '../../support/worker/threads.ts';
import { bytesOf } from '../../support/worker/uploads.ts';

it('another interface stores a file for those who write through it, and its message starts the chat', async () => {
  const { organizationId } = await TestOrganization.open();
  const channel = { ...newChannel(), organizationId };
  channel.room.organization_id = organizationId;
  const thread = threadName({ kind: 'channel', channel_id: channel.channelId, thread_id: 'jane' });
  const database = organizationDatabase(noCost());
  const owner: FileOwner = { organization_id: organizationId, type: 'channel', id: channel.channelId };
  const deps = {
    bucket: testEnv.FILES,
    identity: openIdentityDatabase(testEnv, noCost()),
    database,
    now: Date.now(),
    limit: null,
    quota: 1_000_000,
  };
  async function* bytes() {
    yield bytesOf('from a phone');
  }
  const stored = await storeUpload(deps, owner, { name: 'photo.txt', bytes: bytes(), announced: 12 });
  if (!stored.ok) throw new Error(`refused: ${stored.refusal.reason}`);
  const { id } = stored.file;
  expect(await useFiles(database, { ...owner, id: 'another' }, thread, [id], Date.now())).toBeNull();
  // The chat is not known before the message: the thread stands for it.
  const used = await useFiles(database, owner, thread, [id], Date.now());
  const file = used?.files.get(id);
  if (file === undefined) throw new Error('the file cannot be used');
  const message = { ...visitorMessage(''), attachments: [fileAttachment(file)] };
  const command = receiveCommand(channel, 'jane', [message], { database: ORGANIZATION_BINDING });
  const { result } = await commandThread(env as unknown as Env, thread, command);
  if (!result.ok) throw new Error(`refused: ${result.refusal.reason}`);
  const { chat_id, message_ids } = result.answer;
  await eventually(async () => {
    await writeCollected(testEnv);
    const row = await organizationD1.prepare('SELECT * FROM files WHERE id = ?').bind(id).first();
    expect(row).toMatchObject({ chat_id, message_id: message_ids[0], delete_after: null });
  });
});
