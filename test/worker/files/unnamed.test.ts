import { beforeAll, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { KEEP_UNNAMED } from '../../../src/directory/files.ts';
import { deleteDueFiles } from '../../../src/files/delete-due-files.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { ask, TestOrganization } from '../../support/worker/organization.ts';
import { organizationD1, organizationDatabase } from '../../support/worker/organization-database.ts';
import { call, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, stored } from '../../support/worker/uploads.ts';
import { Site } from '../../support/worker/visitor-site.ts';

const bucket = testEnv.FILES;
const sweep = (now: number, from: R2Bucket | undefined = bucket) =>
  deleteDueFiles(from, organizationDatabase(noCost()), now);

let org: TestOrganization;

beforeAll(async () => {
  org = await TestOrganization.open();
  await sweep(Date.now() + 2 * KEEP_UNNAMED);
});

const rows = async () =>
  (await organizationD1.prepare('SELECT id FROM files ORDER BY id').all<{ id: string }>()).results.map(({ id }) => id);

/** A bucket that fails in one of its calls. */
function failing(method: 'delete'): R2Bucket {
  return { [method]: () => Promise.reject(new Error('R2 is away')) } as unknown as R2Bucket;
}

describe('a file that no message names', () => {
  it('is deleted a day later, with its bytes, and its URL is then 404', async () => {
    const file = await stored(org.agent, bytesOf('x'));
    expect(await sweep(Date.now() + KEEP_UNNAMED - 60_000)).toBe(0);
    expect(await rows()).toEqual([file['id']]);
    expect(await sweep(Date.now() + KEEP_UNNAMED + 1)).toBe(1);
    expect(await rows()).toEqual([]);
    expect(await bucket.head(String(file['id']))).toBeNull();
    expect((await call(String(file['url']))).status).toBe(404);
  });

  it('is deleted by the next run when R2 failed, or a crash came between bytes and row', async () => {
    const file = await stored(org.agent, bytesOf('x'));
    const later = Date.now() + KEEP_UNNAMED + 1;
    await expect(sweep(later, failing('delete'))).rejects.toThrow('R2 is away');
    expect(await rows()).toEqual([file['id']]);
    await bucket.delete(String(file['id']));
    expect(await sweep(later)).toBe(1);
    expect(await rows()).toEqual([]);
  });

  it('and whose bytes never came is deleted too', async () => {
    const database = organizationD1;
    await database
      .prepare(
        `INSERT INTO files (id, organization_id, owner_type, owner_id, name, created_at, delete_after)
         VALUES ('01a1fe0e-2427-726c-b9f7-bd2e11921d1d', ?, 'user', ?, 'a', 0, 1)`,
      )
      .bind(org.organizationId, org.agent.user_id)
      .run();
    expect(await sweep(Date.now())).toBe(1);
    expect(await rows()).toEqual([]);
  });

  it('stays while there is no bucket', async () => {
    const file = await stored(org.agent, bytesOf('x'));
    const later = Date.now() + KEEP_UNNAMED + 1;
    expect(await deleteDueFiles(undefined, organizationDatabase(noCost()), later)).toBe(0);
    expect(await rows()).toEqual([file['id']]);
    expect(await sweep(later)).toBe(1);
  });

  it('is one of many: a run takes them all, in portions', async () => {
    const statement = organizationD1.prepare(
      `INSERT INTO files (id, organization_id, owner_type, owner_id, name, created_at, delete_after)
       VALUES (?, 'o', 'user', 'u', 'a', 0, 1)`,
    );
    await organizationD1.batch(Array.from({ length: 250 }, (_, place) => statement.bind(`many-${place}`)));
    expect(await sweep(Date.now())).toBe(250);
    expect(await rows()).toEqual([]);
  });
});

describe('a file whose day is nearly over', () => {
  it('stays when a message names it', async () => {
    const site = await Site.at(org);
    const chatId = await site.chat(await site.visitor());
    await site.answerBy(org.agent, chatId, null);
    const file = await stored(org.agent, 'x');
    const soon = Date.now() + 1_000;
    await organizationD1
      .prepare('UPDATE files SET chat_id = ?, delete_after = ? WHERE id = ?')
      .bind(chatId, soon, file['id'])
      .run();
    const path = `/users/${org.agent.user_id}/chats/${chatId}/messages`;
    const named = await ask(org.agent, 'POST', path, { attachments: [{ file_id: file['id'] }] });
    expect(named.status).toBe(200);
    await writeCollected(testEnv);
    const row = await organizationD1.prepare('SELECT * FROM files WHERE id = ?').bind(file['id']).first();
    expect(row).toMatchObject({ message_id: named.json['id'], delete_after: null });
  });
});
