import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { shortMessageId } from '../../../src/resources/rpc-ids.ts';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json } from '../../support/worker/organization.ts';
import { admin, call, testEnv } from '../../support/worker/requests.ts';
import { CONTACT, TelephoneSystem, WebhookTap } from '../../support/worker/rpc.ts';
import { PNG, stored } from '../../support/worker/uploads.ts';

let system: TelephoneSystem;
let tap: WebhookTap | null = null;

beforeAll(async () => {
  system = await TelephoneSystem.open();
});
afterEach(() => {
  tap?.close();
  tap = null;
});

/** A form, whose fields are in this order. */
async function upload(fields: [string, string | Blob][], key = system.key, more: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, 'photo.png');
  }
  const request = new Request('https://hub.example/', { method: 'POST', body: form });
  const raw = await request.bytes();
  const type = request.headers.get('Content-Type') ?? '';
  const headers = { 'Content-Type': type, 'Content-Length': String(raw.length), ...more };
  return await call('/api', { method: 'POST', authorization: `Bearer ${key}`, raw, headers });
}

const storedBytes = async (organizationId: string) => {
  const query = testEnv.DB.prepare('SELECT stored_bytes FROM organizations WHERE id = ?').bind(organizationId);
  return (await query.first<number>('stored_bytes')) ?? 0;
};
const filesOf = async (organizationId: string) => {
  const query = testEnv.DB.prepare('SELECT count(*) AS files FROM files WHERE organization_id = ?').bind(
    organizationId,
  );
  return (await query.first<number>('files')) ?? 0;
};
const image = () => new Blob([PNG], { type: 'text/html' });
const resultOf = (answer: { json: Json }) => answer.json['result'] as { messageid: string; sessionid: string };

describe('a form', () => {
  it('is a message with the file, of the type that its bytes have, whatever comes first', async () => {
    const { orgid } = system;
    const sent = await upload([
      ['orgid', orgid],
      ['to', '9003'],
      ['from', CONTACT],
      ['file', image()],
    ]);
    expect([sent.status, sent.json]).toEqual([
      200,
      { result: expect.objectContaining({ messageid: expect.any(String) }) },
    ]);
    const { sessionid } = resultOf(sent);
    const again = await upload([
      ['file', image()],
      ['to', CONTACT],
      ['from', '9003'],
      ['orgid', orgid],
    ]);
    expect(resultOf(again).sessionid).toBe(sessionid);
    expect(await system.messages(sessionid)).toMatchObject([
      {
        sender_type: 'visitor',
        message: '',
        attachments: [{ title: 'photo.png', file: { content_type: 'image/png' } }],
      },
      { sender_type: 'user', sender_id: system.first.user_id },
    ]);
  });

  it('is the same message with the same file and time, and with the same key', async () => {
    const sent = (bytes: string, more: [string, string][] = [], headers: Record<string, string> = {}) =>
      upload([['from', '777'], ['to', '9004'], ...more, ['file', new Blob([bytes])]], system.key, headers);
    const at = String(Date.now() - 60_000);
    const timed = async (bytes: string) => resultOf(await sent(bytes, [['timestamp', at]]));
    const first = await timed('a letter');
    expect(await timed('a letter')).toEqual(first);
    expect((await timed('another letter')).messageid).not.toBe(first.messageid);

    const key = { 'Idempotency-Key': crypto.randomUUID() };
    const [keyed, again] = [await sent('keyed', [], key), await sent('keyed', [], key)];
    expect(resultOf(again)).toEqual(resultOf(keyed));
    expect(again.headers.get('Idempotent-Replayed')).toBe('true');
    expect((await sent('other', [], key)).json).toEqual({ error: { code: 409, message: expect.any(String) } });
    const bad = await sent('keyed', [], { 'Idempotency-Key': 'x'.repeat(256) });
    expect(bad.json).toEqual({ error: { code: 400, message: expect.any(String) } });
    expect(resultOf(await sent('keyed')).messageid).not.toBe(resultOf(keyed).messageid);
    expect((await sent('late', [['timestamp', 'noon']])).json).toEqual({
      error: { code: 400, message: expect.any(String) },
    });
    expect(await system.messages(first.sessionid)).toHaveLength(4);
  });

  it.each([
    [
      'no file',
      [
        ['from', CONTACT],
        ['to', '9003'],
      ],
      400,
    ],
    [
      'an empty file',
      [
        ['from', CONTACT],
        ['to', '9003'],
        ['file', new Blob([])],
      ],
      400,
    ],
    [
      'nobody',
      [
        ['from', '1'],
        ['to', '2'],
        ['file', image()],
      ],
      404,
    ],
    [
      'nobody, said behind the file',
      [
        ['file', image()],
        ['from', '1'],
        ['to', '2'],
      ],
      404,
    ],
    ['no side', [['file', image()]], 400],
    [
      'another organization',
      [
        ['orgid', '10000000000099999999'],
        ['from', CONTACT],
        ['to', '9003'],
        ['file', image()],
      ],
      403,
    ],
  ] as [string, [string, string | Blob][], number][])('is refused with %s', async (_, fields, code) => {
    const answer = await upload(fields);
    expect(answer.json).toEqual({ error: { code, message: expect.any(String) } });
  });

  it('is refused above 25 MB, without storage and without a key', async () => {
    const headers = { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': '30000000' };
    const large = await call('/api', { method: 'POST', authorization: `Bearer ${system.key}`, raw: 'x', headers });
    expect([large.status, large.json]).toEqual([413, { error: { code: 413, message: expect.any(String) } }]);
    const none = await upload(
      [
        ['from', CONTACT],
        ['to', '9003'],
        ['file', image()],
      ],
      'nonsense',
    );
    expect(none.status).toBe(401);
  });
});

describe('a message of a file', () => {
  it('is synced into another session by its id, with bytes of its own', async () => {
    const sent = resultOf(
      await upload([
        ['from', '9003'],
        ['to', CONTACT],
        ['file', image()],
      ]),
    );
    const { sessionid } = await system.done('message', { from: CONTACT, to: '9004' });
    const params = { from: '9003', to: CONTACT, messageid: sent.messageid, sessionid };
    const synced = await system.done('message', params);
    expect(synced).toEqual({ messageid: expect.stringMatching(/^\d{13}-/) });
    const files = await filesOf(system.org.organizationId);
    expect(await system.done('message', params)).toEqual(synced);
    // What is there already is known before anything is stored.
    expect(await filesOf(system.org.organizationId)).toBe(files);
    const [message] = await system.messages(sessionid);
    const [attachment] = (message?.['attachments'] ?? []) as { file: { id: string; sha256: string } }[];
    const [origin] = (await system.messages(sent.sessionid)).slice(-1) as {
      attachments: { file: { id: string; sha256: string } }[];
    }[];
    expect(attachment?.file.sha256).toBe(origin?.attachments[0]?.file.sha256);
    expect(attachment?.file.id).not.toBe(origin?.attachments[0]?.file.id);
    expect(await testEnv.FILES.head(attachment?.file.id ?? '')).not.toBeNull();
    // In its own session it is there already.
    expect(await system.done('message', { ...params, sessionid: sent.sessionid })).toEqual({
      messageid: sent.messageid,
    });
  });

  it('is synced part by part when it has a text and files', async () => {
    const { sessionid: from } = await system.say('Hello', '9003');
    const { id } = await stored(system.first, PNG, 'photo.png');
    const path = `/users/${system.first.user_id}/chats/${system.chatOf(from)}/messages`;
    const sent = await ask(system.first, 'POST', path, { message: 'Look', attachments: [{ file_id: id }] });
    const { sessionid } = await system.done('message', { from: '555', to: '9004' });
    const sync = async (part: number) => {
      const messageid = shortMessageId(String(sent.json['id']), part);
      const answer = await system.ask('message', { from: '9003', to: '555', messageid, sessionid });
      return answer.json['error'] === undefined ? (answer.json['result'] as Json) : answer.json;
    };
    await eventually(async () => expect(await sync(0)).toEqual({ messageid: expect.any(String) }));
    expect(await sync(1)).toEqual({ messageid: expect.any(String) });
    expect(await sync(2)).toEqual({ error: { code: 404, message: expect.any(String) } });
    expect(await system.messages(sessionid)).toMatchObject([
      { message: 'Look', attachments: [] },
      { message: '', attachments: [{ file: { name: 'photo.png' } }] },
    ]);
  });

  it('is refused when it is unknown, another organization’s or without a session', async () => {
    const { sessionid } = await system.done('message', { from: CONTACT, to: '9004' });
    const unknown = '1710100665847-a1f4a223ffd202a9ea';
    expect((await system.refusal('message', { messageid: unknown, sessionid })).code).toBe(404);
    expect((await system.refusal('message', { messageid: 'x', sessionid })).code).toBe(404);
    expect((await system.refusal('message', { from: CONTACT, to: '9004', messageid: unknown })).code).toBe(400);
    const other = await TelephoneSystem.open();
    const { messageid } = await other.say('Secret');
    expect((await system.refusal('message', { messageid, sessionid })).code).toBe(404);
  });

  it('is not synced beyond the bytes of the day, which is no missing message', async () => {
    const full = await TelephoneSystem.open();
    const sent = resultOf(
      await upload(
        [
          ['from', '9003'],
          ['to', CONTACT],
          ['file', image()],
        ],
        full.key,
      ),
    );
    const { sessionid } = await full.done('message', { from: CONTACT, to: '9004' });
    const { messageid } = sent;
    const path = `/organizations/${full.org.organizationId}`;
    // Files may take the half of it.
    const stored_bytes_quota = 2 * (await storedBytes(full.org.organizationId));
    expect((await admin(path, { method: 'PATCH', body: { stored_bytes_quota } })).status).toBe(200);
    const refused = await full.refusal('message', { from: '9003', to: CONTACT, messageid, sessionid });
    expect(refused).toMatchObject({ status: 429, code: 429 });
  });

  it('goes to the gateway as a URL that gives the bytes', async () => {
    tap = new WebhookTap();
    const { sessionid } = await system.say('Hello');
    const { id } = await stored(system.second, PNG, 'answer.png');
    const path = `/users/${system.second.user_id}/chats/${system.chatOf(sessionid)}/messages`;
    const sent = await ask(system.second, 'POST', path, {
      message: '',
      attachments: [{ file_id: id }],
      attachment_template: 'generic',
    });
    expect([sent.status, sent.text]).toEqual([200, expect.any(String)]);
    const { params } = await tap.next('message');
    expect(params).toMatchObject({ type: 2, content: expect.stringContaining(`/files/${String(id)}?`) });
    const url = new URL(String(params['content']), 'https://hub.example');
    const file = await call(`${url.pathname}${url.search}`);
    expect(file.status).toBe(200);
  });
});
