import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { curlSnippet, nodeSnippet, timestampOf } from '../../../src/console-app/deliveries/snippets.ts';
import { secretOfText, signWebhook } from '../../../src/delivery/signature.ts';

const folder = mkdtempSync(join(tmpdir(), 'umi-snippet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ID = '01a1fe0e-b0ae-75b8-8281-e1160d0504ad';
const BODY = `{"event_type":"message_created","message":{"message":"It's \\"here\\": \${HOME} \`id\` $1 \\\\ ü 👍\\n</script>"}}`;

const cases = [
  { of: 'a channel', secret: 'whsec', text: secretOfText('32 bytes of a channel’s secret'), hasPrefix: true },
  { of: 'an app', secret: 'text', text: 'an app’s secret', hasPrefix: false },
] as const;

const run = promisify(execFile);

describe.each(cases)('what one copies to verify a webhook of $of', ({ secret, text, hasPrefix }) => {
  const signed = { id: ID, body: BODY, secret };
  const secrets = [hasPrefix ? text : secretOfText(text)];
  const signature = (timestamp: number) => signWebhook({ secrets, id: ID, timestamp, body: BODY });

  it('computes the signature of the hub in Node', async () => {
    const file = join(folder, `${secret}.mjs`);
    const timestamp = timestampOf('2026-11-21T12:22:18.999Z');
    writeFileSync(file, nodeSnippet(signed, timestamp));
    const { stdout } = await run(process.execPath, [file], { env: { ...process.env, WEBHOOK_SECRET: text } });
    expect(stdout.trim()).toBe(await signature(timestamp));
  });

  it('sends the same bytes from a shell, signed for now', async () => {
    const got: { headers: Record<string, unknown>; body: string }[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      got.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      response.end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const file = join(folder, `${secret}.sh`);
    writeFileSync(file, curlSnippet(signed));
    const env = { ...process.env, WEBHOOK_SECRET: text, RECEIVER: `http://127.0.0.1:${port}` };
    await run('sh', [file], { env });
    server.close();
    expect(got).toHaveLength(1);
    expect(got[0]?.body).toBe(BODY);
    const timestamp = Number(got[0]?.headers['webhook-timestamp']);
    expect(Math.abs(timestamp - Date.now() / 1000)).toBeLessThan(60);
    expect(got[0]?.headers).toMatchObject({ 'webhook-id': ID, 'webhook-signature': await signature(timestamp) });
  });
});
