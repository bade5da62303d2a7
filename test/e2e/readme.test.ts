/**
 * Runs the documents' shell blocks as printed, in order, in one shell beside a hub. Only the receiver's port differs,
 * because 9000 may be taken on the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoHub, startDemoHub } from '../../scripts/demo-hub.ts';
import { freePort } from '../../scripts/free-port.ts';
import { projectPath } from '../../scripts/project.ts';
import { makeFolder } from '../support/local/hub.ts';

type Block = { name: string; text: string };

/** The `sh` blocks of a document, or of one section of it. */
function blocksOf(path: string, section?: string): Block[] {
  const text = readFileSync(projectPath(path), 'utf8');
  const part = section === undefined ? text : (text.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? '');
  return Array.from(part.matchAll(/^```sh\n([\s\S]*?)^```$/gm), ([, block = ''], place) => ({
    name: `${path}, block ${place + 1}`,
    text: block,
  }));
}

/** A bash process in a folder. Both of its output streams are collected. */
class Shell {
  readonly #bash: ChildProcess;
  #output = '';
  #watch: () => void = () => {};

  constructor(folder: string) {
    this.#bash = spawn('bash', [], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [this.#bash.stdout, this.#bash.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
        this.#watch();
      });
    }
  }

  get output(): string {
    return this.#output;
  }

  /** Runs a block. Answers its output when it has ended. */
  async run({ name, text }: Block): Promise<string> {
    const begin = this.#output.length;
    const end = `[${name}] ended\n`;
    this.#bash.stdin?.write(`${text}\necho '[${name}] ended'\n`);
    await this.waitFor(end, begin);
    return this.#output.slice(begin, this.#output.indexOf(end, begin));
  }

  /** Resolves when the text was printed after `begin`. The test's own deadline ends the wait. */
  async waitFor(text: string, begin = 0): Promise<void> {
    while (!this.#output.includes(text, begin)) {
      await new Promise<void>((resolve) => {
        this.#watch = resolve;
      });
    }
  }

  /** Ends the shell and its background processes. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#bash.once('close', resolve));
    this.#bash.stdin?.end('kill $(jobs -p) 2>/dev/null\nexit\n');
    await closed;
  }
}

let folder: string;
let hub: DemoHub;
let shell: Shell;
let port: number;

beforeAll(async () => {
  folder = await makeFolder();
  hub = await startDemoHub({ persistTo: join(folder, '.wrangler'), log: () => {} });
  port = await freePort();
  shell = new Shell(folder);
});

afterAll(async () => {
  await shell.stop();
  await hub.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a document's blocks. The hub must refuse none of them, and none may print an error. */
async function runBlocks(blocks: Block[]): Promise<string[]> {
  const printed: string[] = [];
  for (const block of blocks) {
    const output = await shell.run({ ...block, text: block.text.replaceAll('9000', String(port)) });
    // The receiver's output may come in between, even before the newline after an answer.
    printed.push(output.replaceAll(/WEBHOOK .*\n/g, ''));
    for (const complaint of ['"detail"', 'non_field_errors', 'Error', 'curl:', 'bash:']) {
      expect(output, block.name).not.toContain(complaint);
    }
  }
  return printed;
}

describe('the documents', () => {
  test('README: five minutes with curl', async () => {
    const printed = await runBlocks(blocksOf('README.md', 'Five minutes with curl'));
    expect(printed).toHaveLength(5);
    const [, , sent = '', answered = '', closed = ''] = printed;
    expect(JSON.parse(sent)).toMatchObject({ messages_created: 1, is_new_session: true });
    const answers = answered.trim().split('\n');
    expect(answers.filter((line) => line.startsWith('{')).map((line) => Object.keys(JSON.parse(line))[0])).toEqual([
      'id',
      'next',
      'member_id',
      'id',
    ]);
    expect(closed).toContain('"is_ended":true');
    await shell.waitFor('WEBHOOK {"event_type":"message_created","thread_id":"ticket-1"');
    expect(shell.output).toContain('It left our house this morning.');
  });

  test('docs/integrators.md, in the same shell', async () => {
    const printed = await runBlocks(blocksOf('docs/integrators.md'));
    const [registered = '', sent = '', closed = '', imported = ''] = printed;
    expect(printed).toHaveLength(4);
    expect(registered).toContain('"secret":"whsec_');
    expect(JSON.parse(sent)).toMatchObject({ messages_created: 2, is_new_session: true });
    expect(closed.match(/"message":"[^"]+"/g)).toEqual([
      '"message":"Chat session closed successfully"',
      '"message":"Chat session was already closed"',
    ]);
    expect(JSON.parse(imported)).toMatchObject({ messages_created: 2, is_new_session: true });
  });

  test('docs/agents.md, in the same shell', async () => {
    const printed = await runBlocks(blocksOf('docs/agents.md'));
    expect(printed).toHaveLength(8);
    const [, , pending = '', taken = '', answered = '', again = '', , handed = ''] = printed;
    expect(pending).toContain('"is_pending":true');
    expect(taken).toContain('Can I still change the address?');
    expect(JSON.parse(answered)).toMatchObject({ type: 'msg', sender_name: 'AI Assistant' });
    expect(JSON.parse(again).results[0]).toMatchObject({ message: 'Yes, until it leaves our house.' });
    expect(handed).toContain('"is_ended":true');
    await shell.waitFor('"event_type":"reply_suggestion_created","thread_id":"ticket-2"');
  });

  test('docs/webhooks.md: an absence, a new secret, a replay', async () => {
    const sections = ['Gaps', 'I was away', 'A new secret', 'The log, and sending again'];
    const blocks = sections.flatMap((section) => blocksOf('docs/webhooks.md', section));
    const token = { name: 'the token', text: 'TOKEN=$(demo settings_token)\n' };
    const [, , , , active = '', rotated = '', replayed = ''] = await runBlocks([token, ...blocks]);
    expect(JSON.parse(active).results.map((row: { thread_id: string }) => row.thread_id)).toEqual([
      'ticket-2',
      'ticket-1',
    ]);
    expect(rotated).toContain('"previous_secret_expires_at":"2');
    expect(JSON.parse(replayed)).toMatchObject({ is_complete: true });
  });
});
