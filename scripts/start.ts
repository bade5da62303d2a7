/** `npm start`: runs the hub on this machine with everything embedded. */
import { join } from 'node:path';
import { readCommandLine } from './command-line.ts';
import { receiveReplies } from './demo-channel.ts';
import type { Demo } from './demo-file.ts';
import { type DemoHub, startDemoHub } from './demo-hub.ts';
import type { LogLine } from './local-worker.ts';
import { shortLogLine } from './log-lines.ts';
import { StartRefused } from './store-folder.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PARENT_CHECK_MILLISECONDS = 1_000;
const SILENCE_MILLISECONDS = 1_000;
/** The port of the demo's replies is this far above the hub's: the next ports are for further hubs. */
const REPLIES_ABOVE = 1_000;

const {
  port = 8787,
  'persist-to': persistTo = '.wrangler',
  json: isLogJson,
} = readCommandLine({
  run: 'npm start',
  does: 'Runs the hub on this machine, with a demo organization and everything embedded.',
  options: {
    port: { takes: 'PORT', from: 1, upTo: 65_535, says: 'port of 127.0.0.1, 8787 by default' },
    'persist-to': { takes: 'DIR', says: 'folder of the store, .wrangler by default' },
    json: { says: 'prints the log as lines of JSON, as Cloudflare shows it' },
  },
});

let isIntroduced = false;

/** Prints the step of the start once the start has taken a second. */
function stepPrinter(): (what: string) => void {
  let current = '';
  let isLate = false;
  const print = () => {
    if (!isIntroduced && current !== '') process.stderr.write(`${current} …\n`);
  };
  setTimeout(() => {
    isLate = true;
    print();
  }, SILENCE_MILLISECONDS).unref();
  return (what) => {
    current = what;
    if (isLate) print();
  };
}

/** The log of the seeding would come before the introduction, so only warnings and errors are printed. */
function printLog({ level, message }: LogLine): void {
  if (!isIntroduced && level !== 'error' && level !== 'warn') return;
  const line = isLogJson ? message : shortLogLine(message);
  (level === 'error' || level === 'warn' ? process.stderr : process.stdout).write(`${line}\n`);
}

function introduction(hub: DemoHub, persistTo: string): string {
  const lines = [
    `The hub runs on ${hub.url}`,
    `  Console         ${hub.url}/console`,
    `  API reference   ${hub.url}/docs`,
    `  admin token     ${hub.adminToken}`,
  ];
  if (hub.demo === null) {
    lines.push(`The store ${persistTo} holds organizations of its own, so no demo organization was made.`);
    return `${lines.join('\n')}\n`;
  }
  return `${[...lines, ...demoLines(hub.demo), `  all of this is in ${join(persistTo, 'demo.json')}`, '', ...commandLines(hub.demo)].join('\n')}\n`;
}

function demoLines(demo: Demo): string[] {
  return [
    `  organization    ${demo.organization_id}`,
    `  room            ${demo.room_id}`,
    `  settings token  ${demo.settings_token}`,
    `  agent           ${demo.agent.id}  token ${demo.agent.token}`,
    `  second agent    ${demo.agent2.id}  token ${demo.agent2.token}`,
    `  bot             ${demo.bot.id}  token ${demo.bot.token}`,
    `  other org.      ${demo.other.organization_id}  settings token ${demo.other.settings_token}`,
  ];
}

/** Three commands for a POSIX shell; the second one uses what the first one printed. */
function commandLines(demo: Demo): string[] {
  const channels = `${demo.base_url}/api/v5/orgs/${demo.organization_id}/unified_messaging`;
  const headers = `-H 'Authorization: Bearer ${demo.settings_token}'`;
  const post = `${headers} -H 'Content-Type: application/json'`;
  const channel = {
    name: 'My first channel',
    messaging_channel: 'email',
    room_id: demo.room_id,
    reply_webhook_url: 'http://127.0.0.1:9000/replies',
  };
  const message = {
    messages: [{ body: 'Hello!', thread_id: 'thread-1', sender_id: 'customer@example.com', message_id: 'message-1' }],
  };
  return [
    'Try these, one after the other:',
    '',
    '# 1. register a channel and keep its id',
    `CHANNEL=$(curl -sS ${post} -d '${JSON.stringify(channel)}' '${channels}' | tee /dev/stderr | grep -o '"id":"[^"]*"' | cut -d'"' -f4)`,
    '',
    '# 2. send a message through it',
    `curl -sS ${post} -d '${JSON.stringify(message)}' "${channels}/$CHANNEL/messages"`,
    '',
    '# 3. list the chats of the organization',
    `curl -sS ${headers} '${demo.base_url}/api/v5/orgs/${demo.organization_id}/owned_chats'`,
    '',
  ];
}

/** Resolves when the hub is asked to end. */
function endRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      // Miniflare would end the process at once, with a failure code.
      process.removeAllListeners(signal);
      process.on(signal, () => resolve());
    }
    // npm that is killed with SIGKILL sends its child no signal, and the hub would continue unnoticed.
    if (process.env['npm_lifecycle_event'] === 'start') {
      const parent = process.ppid;
      setInterval(() => {
        if (process.ppid !== parent) resolve();
      }, PARENT_CHECK_MILLISECONDS).unref();
    }
  });
}

try {
  const replies = await receiveReplies(port + REPLIES_ABOVE, (line) => process.stdout.write(`${line}\n`));
  const hub = await startDemoHub({
    port,
    persistTo,
    log: printLog,
    step: stepPrinter(),
    cron: true,
    repliesTo: replies.url,
  });
  const end = endRequested();
  process.stdout.write(introduction(hub, persistTo));
  isIntroduced = true;
  const failure = await Promise.race([end, hub.failed]);
  if (failure instanceof Error) throw failure;
  await hub.stop();
  replies.stop();
  process.exit(0);
} catch (error) {
  process.stderr.write(error instanceof StartRefused ? `${error.message}\n` : `${String((error as Error).stack)}\n`);
  process.exit(1);
}
