import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Demo } from '../../../scripts/demo-file.ts';
import { type DemoHub, startDemoHub } from '../../../scripts/demo-hub.ts';
import type { LogLine } from '../../../scripts/local-worker.ts';
import { type Behaviour, startReceiver, type WebhookReceiver } from '../../../scripts/webhook-receiver.ts';
import { HubClient } from './hub-client.ts';

export type TestHub = {
  /** The folder of its store. */
  folder: string;
  hub: DemoHub;
  demo: Demo;
  /** Acts as the demo organization's settings user. */
  client: HubClient;
  receiver: WebhookReceiver;
  /** Every line the Worker has written so far. */
  log: readonly LogLine[];
  /**
   * Resolves with the first line that contains the text, as soon as there is one. Lines follow the answer a little
   * later.
   */
  waitForLog(text: string): Promise<LogLine>;
  stop(): Promise<void>;
};

export type TestHubOptions = {
  /** Added to those of `npm start`. */
  variables?: Record<string, string>;
  behaviour?: Behaviour;
  port?: number;
  sideDoor?: boolean;
  /** As after `npm start`: people of the demo sign in by a click, and the demo channel has the receiver. */
  isDemo?: boolean;
};

/** A seeded store, of which each hub of this process gets a copy: to migrate and to seed takes longer than to start. */
let seeded: Promise<string> | null = null;

async function seedStore(): Promise<string> {
  const folder = await makeFolder();
  const hub = await startDemoHub({ persistTo: folder });
  await hub.stop();
  return folder;
}

/** The built Worker on a free port with its own store, the demo organizations and a receiver. */
export async function openHub(options: TestHubOptions = {}): Promise<TestHub> {
  seeded ??= seedStore();
  const folder = await makeFolder();
  await cp(await seeded, folder, { recursive: true });
  const log: LogLine[] = [];
  const watchers = new Set<() => void>();
  const receiver = await startReceiver(options.behaviour);
  const hub = await startDemoHub({
    persistTo: folder,
    log: (line) => {
      log.push(line);
      for (const watcher of [...watchers]) watcher();
    },
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.sideDoor === undefined ? {} : { sideDoor: options.sideDoor }),
    ...(options.isDemo === true ? { repliesTo: `${receiver.url}/replies` } : {}),
    ...(options.variables === undefined ? {} : { variables: options.variables }),
  });
  if (hub.demo === null) throw new Error('the copied store has no demo');
  return {
    folder,
    hub,
    demo: hub.demo,
    client: new HubClient(hub.url, hub.demo),
    receiver,
    log,
    waitForLog: (text) =>
      new Promise((resolve) => {
        function look(): void {
          const line = log.find(({ message }) => message.includes(text));
          if (line === undefined) return;
          watchers.delete(look);
          resolve(line);
        }
        watchers.add(look);
        look();
      }),
    async stop() {
      await receiver.stop();
      await hub.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A new empty folder for a store. */
export function makeFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'umi-test-'));
}
