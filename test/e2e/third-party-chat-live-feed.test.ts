import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, it } from 'vitest';
import { LiveFeed } from '../../examples/third-party-chat/live-feed.ts';

const LARGE = 'x'.repeat(1_000_000);
const CHANGES = 50;

it('a page of examples/third-party-chat that does not read costs little memory, and gets the newest state when it reads', async () => {
  const feed = new LiveFeed();
  let version = 0;
  const responses: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    responses.push(response);
    feed.serve(response, 'session', () => ({ version, text: LARGE }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page = connect((server.address() as AddressInfo).port, '127.0.0.1');
  try {
    page.pause();
    page.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(server, 'request');
    while (version < CHANGES) {
      version += 1;
      feed.tell('session');
    }
    // One copy, and the part of another that the kernel has not taken.
    expect(responses[0]?.writableLength).toBeLessThan(3 * LARGE.length);

    let newest: string | undefined;
    let rest = '';
    page.setEncoding('utf8');
    page.on('data', (text: string) => {
      rest += text;
      newest = [...rest.matchAll(/"version":(\d+),/g)].at(-1)?.[1] ?? newest;
      rest = rest.slice(-100);
    });
    page.resume();
    await expect.poll(() => newest, { timeout: 20_000 }).toBe(String(CHANGES));
  } finally {
    page.destroy();
    server.closeAllConnections();
    server.close();
  }
});
