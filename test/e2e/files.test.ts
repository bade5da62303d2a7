import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openHub, type TestHub } from '../support/local/hub.ts';

type Json = Record<string, unknown>;

const FILE_BYTES = 26_214_400;

let session: TestHub;

beforeAll(async () => {
  session = await openHub();
});
afterAll(() => session.stop());

const pathOf = () => `/api/v5/users/${session.demo.agent.id}/files`;

async function upload(body: BodyInit, headers: Record<string, string> = {}, query = ''): Promise<[number, Json]> {
  const response = await fetch(`${session.hub.url}${pathOf()}${query}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${session.demo.agent.token}`, ...headers },
    body,
    duplex: 'half',
  } as RequestInit);
  return [response.status, (await response.json()) as Json];
}

/** The bytes in pieces, so that the client announces no length. */
function inPieces(bytes: Uint8Array, piece = 300_000): ReadableStream<Uint8Array> {
  let place = 0;
  return new ReadableStream({
    pull(controller) {
      if (place >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(place, place + piece));
      place += piece;
    },
  });
}

/** How many files of the store hold bytes of R2 objects. */
async function objectCount(): Promise<number> {
  const entries = await readdir(session.folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && /\/r2\/.+\/blobs$/.test(entry.parentPath)).length;
}

describe('files over HTTP, with the local R2', () => {
  test('a form of a browser is stored, and its URL gives the same bytes, also in ranges', async () => {
    const bytes = Uint8Array.from(randomBytes(7_000_000));
    const form = new FormData();
    form.append('comment', 'before');
    form.append('file', new Blob([bytes], { type: 'image/png' }), 'büro "1".bin');
    const [status, file] = await upload(form);
    expect([status, file]).toEqual([
      201,
      expect.objectContaining({
        name: 'büro "1".bin',
        content_type: 'application/octet-stream',
        size: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }),
    ]);
    const answer = await fetch(String(file['url']));
    expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), bytes)).toBe(0);
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename=".*"; filename\*=UTF-8''b%C3%BCro/,
    );
    const part = await fetch(String(file['url']), { headers: { Range: 'bytes=6000000-6000009' } });
    expect([part.status, new Uint8Array(await part.arrayBuffer())]).toEqual([206, bytes.slice(6_000_000, 6_000_010)]);
    const head = await fetch(String(file['url']), { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes.length)]);
  });

  test('25 MB are stored, announced or not; a byte more is 413 either way, and the client gets that answer', async () => {
    const most = Uint8Array.from(randomBytes(FILE_BYTES));
    const more = new Uint8Array(FILE_BYTES + 1);
    for (const body of [most, inPieces(most)]) {
      const [status, file] = await upload(body as BodyInit, {}, '?name=big');
      expect([status, file['size']]).toEqual([201, FILE_BYTES]);
    }
    const before = await objectCount();
    for (const body of [more, inPieces(more)]) expect((await upload(body as BodyInit))[0]).toBe(413);
    const form = new FormData();
    form.append('file', new Blob([more]), 'more');
    expect((await upload(form))[0]).toBe(413);
    expect(await objectCount()).toBe(before);
  });

  test('an upload that the client breaks off leaves nothing', async () => {
    const before = await objectCount();
    const { hostname, port } = new URL(session.hub.url);
    const headers = { Authorization: `Bearer ${session.demo.agent.token}`, 'Content-Length': '12000000' };
    await new Promise<void>((resolve) => {
      const sent = httpRequest({ hostname, port, path: pathOf(), method: 'POST', headers });
      sent.on('error', () => resolve());
      sent.on('close', () => resolve());
      sent.write(Buffer.alloc(6_500_000, 1), () => setTimeout(() => sent.destroy(), 200));
    });
    await vi.waitFor(async () => expect(await objectCount()).toBe(before), { timeout: 20_000, interval: 500 });
  });

  test('a webhook has URLs that its receiver can use', async () => {
    const { client, demo, receiver } = session;
    const channel = await client.registerChannel(`${receiver.url}/files`);
    const thread_id = 'files-1';
    const message = { body: 'Where is it?', thread_id, sender_id: 'jane', message_id: 'm1' };
    const { chat_id } = await client.sendMessages(channel.id, [message]);
    await client.joinChat(demo.agent, chat_id);
    const [, file] = await upload('an invoice', {}, '?name=invoice.txt');
    const path = `/api/v5/users/${demo.agent.id}/chats/${chat_id}/messages`;
    const sent = await client.request('POST', path, { attachments: [{ file_id: file['id'] }] }, demo.agent.token);
    expect(sent.status).toBe(200);
    await vi.waitFor(() => expect(receiver.requests.some(({ body }) => body.includes('invoice.txt'))).toBe(true), {
      timeout: 30_000,
    });
    const { body } = receiver.requests.findLast((each) => each.body.includes('invoice.txt')) ?? { body: '{}' };
    const [attachment] = (JSON.parse(body) as { message: { attachments: Json[] } }).message.attachments;
    const answer = await fetch(String(attachment?.['title_link_url']));
    expect([answer.status, await answer.text()]).toEqual([200, 'an invoice']);
  });
});
