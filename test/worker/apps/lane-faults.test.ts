import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AttemptResult, Destination } from '../../../src/delivery/attempt.ts';
import { consumerDeps } from '../../../src/delivery/consumer-deps.ts';
import { type DeliveryDeps, deliverLane } from '../../../src/delivery/deliver-lane.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { type FaultStep, fault, onFault } from '../../../src/platform/faults.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import type { LaneWakeUp } from '../../../src/rpc/lane.ts';
import { testAlarm } from '../../support/worker/alarm.ts';
import { passTime } from '../../support/worker/clock.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { testEnv } from '../../support/worker/requests.ts';
import { Site } from '../../support/worker/visitor-site.ts';

const OWNED = '/orgs/{organization_id}/owned_chats';
const MINUTE = 60_000;

afterEach(() => {
  onFault(null);
  vi.useRealTimers();
});

type Got = { id: string; url: string; seq: number; action: string; text: unknown; status: number };

/** An app's endpoints, which answer by a script. The hub is the real one, except that the test plays the queue. */
class Endpoints {
  readonly got: Got[] = [];
  /** The statuses of the next answers; 200 when none is left. */
  answers: number[] = [];
  readonly #queue: { wakeUp: LaneWakeUp; delay: number }[] = [];
  readonly #first: LaneWakeUp;

  constructor(chatId: string, installation: { id: string }) {
    const thread = threadNameOfChat(chatId) ?? '';
    this.#first = { v: 1, thread, receiver: installationReceiver(installation.id), track: 'lane', drain: false };
  }

  /** The ids of the webhooks that have arrived and were accepted. */
  taken(): string[] {
    return this.got.filter(({ status }) => status < 300).map(({ id }) => id);
  }

  /** Plays the lane's wake-up and the wake-ups that follow. A run that throws ends like one whose isolate was lost. */
  async play(): Promise<void> {
    this.#queue.push({ wakeUp: this.#first, delay: 0 });
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.delay > 0) passTime(next.delay * 1000);
      await deliverLane(this.#dependencies(), next.wakeUp).catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.startsWith('fault')) throw error;
      });
    }
  }

  #dependencies(): DeliveryDeps {
    return {
      ...consumerDeps(testEnv),
      attempt: async (destination: Destination, webhook): Promise<AttemptResult> => {
        const status = this.answers.shift() ?? 200;
        const { seq, action, resource } = JSON.parse(webhook.body) as {
          seq: number;
          action: string;
          resource: { message?: unknown };
        };
        this.got.push({ id: webhook.id, url: destination.url, seq, action, text: resource.message, status });
        const attempt = { at: Date.now(), duration: 1, status, response: '', error: null };
        return { is_delivered: status < 300, attempt, retry_after: null };
      },
      send: async (wakeUp, delay) => void this.#queue.push({ wakeUp, delay }),
      fault: (step) => fault(step),
    };
  }
}

async function openChat() {
  const site = await Site.open();
  const { installation } = await installedApp(site.integrator, [OWNED, `${OWNED}/*/messages`]);
  const visitor = await site.visitor();
  const chatId = await site.chat(visitor);
  return { site, installation, visitor, chatId, endpoints: new Endpoints(chatId, installation) };
}

/** Fails once at a step: an object is aborted, a consumer is lost. */
function breakOnce(step: FaultStep): { isDone: () => boolean } {
  let done = false;
  onFault((at, crash) => {
    if (done || at !== step) return;
    done = true;
    crash();
    throw new Error(`fault: ${step}`);
  });
  return { isDone: () => done };
}

const STEPS: FaultStep[] = [
  'before commit',
  'after commit',
  'projector before D1',
  'projector after D1',
  'before acknowledgement',
  'before answer',
  'after claim',
  'after the receiver answered',
  'after report',
];

describe.each(STEPS)('a crash %s', (step) => {
  testAlarm('loses no webhook of an app, keeps their order and repeats at most one', async (ring) => {
    const { site, installation, visitor, chatId, endpoints } = await openChat();
    await site.say(visitor, chatId, 'one');
    // The next command acknowledges what D1 has of this one.
    await writeCollected(testEnv);
    const broken = breakOnce(step);
    const said = await site.say(visitor, chatId, 'two');
    await endpoints.play();
    await writeCollected(testEnv);
    expect(broken.isDone()).toBe(true);
    onFault(null);
    // A client repeats a failed request. In the Chats API the hub cannot recognize a repeated message.
    if (said.status !== 201) await site.say(visitor, chatId, 'two');
    for (let round = 0; round < 3; round += 1) {
      passTime(MINUTE);
      await ring(env.THREADS.getByName(threadNameOfChat(chatId) ?? ''));
      await endpoints.play();
    }
    const accepted = await acceptedFor(chatId, installation);
    const texts = endpoints.got.map(({ text }) => text).filter((text) => text !== undefined);
    expect([...new Set(texts)]).toEqual(['one', 'two']);
    const seqs = endpoints.got.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    const ids = endpoints.taken();
    expect(new Set(ids).size).toBe(accepted.length);
    expect(ids.length - accepted.length).toBeLessThanOrEqual(step === 'after the receiver answered' ? 1 : 0);
  });
});

describe('the endpoints of an app', () => {
  it('that fail delay later webhooks at other URLs too, and are tried four times', async () => {
    const { site, installation, visitor, chatId, endpoints } = await openChat();
    await site.say(visitor, chatId, 'one');
    endpoints.answers = [500, 404, 302, 503];
    await endpoints.play();
    const accepted = await acceptedFor(chatId, installation);
    const [first] = endpoints.got;
    expect(first).toMatchObject({ action: 'added' });
    expect(endpoints.got.slice(0, 4).map(({ id }) => id)).toEqual(Array.from({ length: 4 }, () => first?.id));
    expect(endpoints.got[4]?.id).not.toBe(first?.id);
    expect(new Set(endpoints.taken()).size).toBe(accepted.length - 1);
  });

  it('do not get accepted webhooks again, however often the wake-up arrives', async () => {
    const { site, visitor, chatId, endpoints } = await openChat();
    await site.say(visitor, chatId, 'one');
    await endpoints.play();
    const { length } = endpoints.got;
    for (let count = 0; count < 3; count += 1) await endpoints.play();
    expect(endpoints.got).toHaveLength(length);
  });
});
