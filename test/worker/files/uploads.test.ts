import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { FILE_BYTES } from '../../../src/resources/file.ts';
import { enrollAgent, TestOrganization, TIME, UUID } from '../../support/worker/organization.ts';
import { organizationD1 } from '../../support/worker/organization-database.ts';
import { admin, call, type Person, testEnv } from '../../support/worker/requests.ts';
import { bytesOf, PNG, stored, uploadAs, uploadPath } from '../../support/worker/uploads.ts';
import { Site, type Visitor } from '../../support/worker/visitor-site.ts';

const bucket = testEnv.FILES;

let org: TestOrganization;
let agent: Person;
let visitor: Visitor;

beforeAll(async () => {
  org = await TestOrganization.open();
  agent = org.agent;
  visitor = await (await Site.at(org)).visitor();
});

type Row = Record<string, unknown>;
const rowOf = (id: unknown) => organizationD1.prepare('SELECT * FROM files WHERE id = ?').bind(id).first<Row>();
const rowCount = async () =>
  Number((await organizationD1.prepare('SELECT count(*) AS n FROM files').first<Row>())?.['n']);
const storedBytes = async (organizationId = org.organizationId) =>
  Number(
    (
      await (env as unknown as Env).DB.prepare('SELECT stored_bytes AS n FROM organizations WHERE id = ?')
        .bind(organizationId)
        .first<Row>()
    )?.['n'],
  );
const sha256 = async (bytes: Uint8Array<ArrayBuffer>) =>
  Array.from(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

/** A form with these fields, as a browser writes it. */
function form(...parts: { name: string; file?: string; body: string }[]) {
  const text = parts.map(({ name, file, body }) => {
    const fileName = file === undefined ? '' : `; filename="${file}"\r\nContent-Type: text/html`;
    return `--b0undary\r\nContent-Disposition: form-data; name="${name}"${fileName}\r\n\r\n${body}\r\n`;
  });
  return `${text.join('')}--b0undary--\r\n`;
}
const FORM_HEAD = '--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
const FORM = { 'Content-Type': 'multipart/form-data; boundary=b0undary' };

describe('an upload', () => {
  it.each(['agent', 'visitor'] as const)('of the %s stores the bytes, and says what they are', async (who) => {
    const uploader = { agent, visitor }[who];
    const answer = await uploadAs(uploader, PNG, { name: 'cat.png', headers: { 'Content-Type': 'text/html' } });
    expect([answer.status, answer.json]).toEqual([
      201,
      {
        id: UUID,
        name: 'cat.png',
        content_type: 'image/png',
        size: PNG.length,
        sha256: await sha256(PNG),
        url: expect.stringMatching(
          /^https:\/\/hub\.example\/files\/[0-9a-f-]{36}\?expires=\d+&disposition=inline&key=/,
        ),
        expires_at: TIME,
      },
    ]);
    const object = await bucket.get(String(answer.json['id']));
    expect(new Uint8Array((await object?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(PNG);
    expect(await rowOf(answer.json['id'])).toMatchObject({
      organization_id: org.organizationId,
      owner_type: who === 'agent' ? 'user' : 'visitor',
      owner_id: who === 'agent' ? agent.user_id : visitor.id,
      size: PNG.length,
      chat_id: null,
      message_id: null,
    });
  });

  it('may be a form, with fields before and behind the file', async () => {
    const body = form(
      { name: 'comment', body: 'x' },
      { name: 'file', file: 'a.txt', body: 'hello' },
      { name: 'z', body: 'y' },
    );
    const answer = await uploadAs(agent, body, { headers: FORM });
    expect([answer.status, answer.json]).toEqual([
      201,
      expect.objectContaining({ name: 'a.txt', size: 5, content_type: 'text/plain; charset=utf-8' }),
    ]);
    expect(await (await bucket.get(String(answer.json['id'])))?.text()).toBe('hello');
  });

  it('takes a form whose bytes look like its delimiter', async () => {
    const tricky = '\r\n--b0undar\r\n--b0undarx\r\n-\r\n--';
    const answer = await uploadAs(agent, form({ name: 'file', file: 'a', body: tricky }), { headers: FORM });
    expect(await (await bucket.get(String(answer.json['id'])))?.text()).toBe(tricky);
  });

  it('takes a file of exactly 25 MB, in parts, and its digest is that of the whole', async () => {
    const bytes = new Uint8Array(FILE_BYTES).fill(7);
    const answer = await uploadAs(agent, bytes, { name: 'big' });
    expect([answer.status, answer.json['size']]).toEqual([201, FILE_BYTES]);
    expect(answer.json['sha256']).toBe(await sha256(bytes));
    expect((await bucket.head(String(answer.json['id'])))?.size).toBe(FILE_BYTES);
  });

  it('takes the name from Content-Disposition, and cleans it', async () => {
    const headers = { 'Content-Disposition': `attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpa%E2%80%AEss%22wd.txt` };
    const answer = await uploadAs(agent, 'x', { headers });
    expect(answer.json['name']).toBe('pass"wd.txt');
  });

  it('need not say how long it is', async () => {
    const before = await storedBytes();
    const answer = await uploadAs(agent, new Blob(['12345']));
    expect([answer.status, answer.json['size']]).toEqual([201, 5]);
    expect((await storedBytes()) - before).toBe(5);
  });

  it('counts against the bytes of the day', async () => {
    const before = await storedBytes();
    await stored(agent, bytesOf('12345'));
    expect((await storedBytes()) - before).toBe(5);
  });
});

describe('an upload is refused', () => {
  const refusals: [string, BodyInit | null, Record<string, string>, number][] = [
    ['no bytes', '', {}, 400],
    ['a form without the field', form({ name: 'data', file: 'a', body: 'x' }), FORM, 400],
    ['an empty form', '--b0undary--\r\n', FORM, 400],
    ['an empty file in a form', form({ name: 'file', file: 'a', body: '' }), FORM, 400],
    [
      'a form without a boundary',
      form({ name: 'file', file: 'a', body: 'x' }),
      { 'Content-Type': 'multipart/form-data' },
      400,
    ],
    ['a form that ends early', form({ name: 'file', file: 'a', body: 'hello' }).slice(0, -20), FORM, 400],
    ['a form that ends in a head', '--b0undary\r\nContent-Disposition: form-', FORM, 400],
    ['no form at all', 'hello', FORM, 400],
    ['a head without end', `--b0undary\r\n${'x'.repeat(20_000)}`, FORM, 400],
    ['too much beside the file', form({ name: 'a', body: 'x'.repeat(70_000) }, { name: 'file', body: 'x' }), FORM, 400],
    ['a compressed body', 'x', { 'Content-Encoding': 'gzip' }, 415],
    ['25 MB and a byte', new Uint8Array(FILE_BYTES + 1), {}, 413],
    ['an announced length above it', 'x', { 'Content-Length': String(FILE_BYTES + 1) }, 413],
    ['a form whose file is too large', new Blob([FORM_HEAD, new Uint8Array(FILE_BYTES + 100)]), FORM, 413],
    ['fewer bytes than announced', 'hello', { 'Content-Length': '50' }, 400],
  ];

  it.each(refusals)('for %s, and leaves nothing', async (_what, body, headers, status) => {
    const before = [await rowCount(), await storedBytes(), (await bucket.list()).objects.length];
    const answer = await uploadAs(agent, body ?? '', { headers });
    expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
    expect([await rowCount(), await storedBytes(), (await bucket.list()).objects.length]).toEqual(before);
  });

  it('without a bucket, with 503 and a reason', async () => {
    const answer = await uploadAs(agent, 'x', { env: { FILES: undefined as unknown as R2Bucket } });
    expect([answer.status, answer.json]).toEqual([503, { detail: 'This deployment stores no files.' }]);
    expect(answer.headers.get('Retry-After')).toBe('3600');
  });

  it('beyond the half of the day’s bytes, and for a visitor beyond a quarter; messages go on', async () => {
    const own = await TestOrganization.open();
    const site = await Site.at(own);
    const who = await site.visitor();
    const quota = await admin(`/organizations/${own.organizationId}`, {
      method: 'PATCH',
      body: { stored_bytes_quota: 2_000 },
    });
    expect(quota.status).toBe(200);
    expect((await uploadAs(who, 'x'.repeat(501))).status).toBe(429);
    expect((await uploadAs(who, 'x'.repeat(500))).status).toBe(201);
    const refused = await uploadAs(own.agent, 'x'.repeat(501));
    expect([refused.status, refused.json]).toEqual([
      429,
      { detail: 'The quota "stored_bytes" is reached: at most 1,000 a day.' },
    ]);
    expect((await uploadAs(own.agent, 'x'.repeat(500))).status).toBe(201);
    expect(await storedBytes(own.organizationId)).toBeLessThanOrEqual(1_000);
    expect((await own.post({ messages: [own.userSays(`ticket-${own.organizationId}`, 'still here')] })).status).toBe(
      201,
    );
  });

  it('for the 31st of a visitor in a minute, of many at once', async () => {
    const site = await Site.at(org);
    const who = await site.visitor();
    const counter = { limit: async () => ({ success: true }) };
    const limits = { RATE_LIMITS: '1', RATE_VISITOR_WRITES: counter } as unknown as Partial<Env>;
    const answers = await Promise.all(Array.from({ length: 35 }, () => uploadAs(who, 'x', { env: limits })));
    const statuses = answers.map(({ status }) => status);
    expect([statuses.filter((each) => each === 201).length, statuses.filter((each) => each === 429).length]).toEqual([
      30, 5,
    ]);
  });
});

describe('an upload is safe', () => {
  it('only for oneself: another user, another visitor and another organization are 403', async () => {
    const colleague = await enrollAgent(org.organizationId);
    const foreigner = (await TestOrganization.open()).agent;
    const other = await (await Site.at(org)).visitor();
    const before = await rowCount();
    for (const [path, token] of [
      [uploadPath(agent), colleague.token],
      [uploadPath(agent), foreigner.token],
      [uploadPath(visitor), other.token],
    ] as const) {
      const answer = await call(path, { method: 'POST', authorization: `Bearer ${token}`, raw: 'x' });
      expect(answer.status).toBe(403);
    }
    expect((await call(uploadPath(agent), { method: 'POST', raw: 'x' })).status).toBe(401);
    expect(await rowCount()).toBe(before);
  });
});
