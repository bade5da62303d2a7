import type { LaneWakeUp } from '../rpc/lane.ts';
import { type DeliveryDeps, deliverLane, errorName } from './deliver-lane.ts';
import { parseWakeUp } from './wake-lanes.ts';

/** Seconds until a message of a newer version is delivered again. By then a rollout is complete. */
const NEWER_VERSION_DELAY = 60;

/** Seconds until a wake-up from the dead-letter queue is sent again. */
const DEAD_LETTER_DELAY = 60;

const DEAD_LETTER_SUFFIX = '-dead';

type Settled = Pick<Message<unknown>, 'id' | 'body' | 'ack' | 'retry'>;
type Batch = { queue: string; messages: readonly Settled[] };
type Waiting = Pick<ExecutionContext, 'waitUntil'>;

/**
 * The Worker's queue handler. Wake-ups are acknowledged at once and delivered in `waitUntil`, so a receiver that hangs
 * does not delay other receivers' messages. If a delivery is lost, the lane is woken again. Dead letters go back to the
 * main queue.
 */
export async function handleQueue(batch: Batch, context: Waiting, deps: DeliveryDeps): Promise<void> {
  const isDead = batch.queue.endsWith(DEAD_LETTER_SUFFIX);
  for (const message of batch.messages) {
    if (isDead) await sendAgain(message, deps);
    else consume(message, context, deps);
  }
}

function consume(message: Settled, context: Waiting, deps: DeliveryDeps): void {
  const parsed = parseWakeUp(message.body);
  if (parsed.kind === 'newer') {
    deps.log({ event: 'delivery.newer_pointer', message_id: message.id });
    message.retry({ delaySeconds: NEWER_VERSION_DELAY });
    return;
  }
  message.ack();
  if (parsed.kind === 'garbage') deps.log({ event: 'delivery.garbage_pointer', message_id: message.id });
  else context.waitUntil(deliverSafely(parsed.wakeUp, deps));
}

async function deliverSafely(wakeUp: LaneWakeUp, deps: DeliveryDeps): Promise<void> {
  try {
    await deliverLane(deps, wakeUp);
  } catch (error) {
    const { thread, receiver } = wakeUp;
    deps.log({ event: 'delivery.run_failed', thread, receiver, error: errorName(error) });
  }
}

async function sendAgain(message: Settled, deps: DeliveryDeps): Promise<void> {
  const parsed = parseWakeUp(message.body);
  deps.log({ event: 'delivery.dead_letter', message_id: message.id, kind: parsed.kind });
  try {
    if (parsed.kind === 'wake_up') await deps.send(parsed.wakeUp, DEAD_LETTER_DELAY);
    message.ack();
  } catch (error) {
    deps.log({ event: 'delivery.dead_letter_failed', message_id: message.id, error: errorName(error) });
    message.retry({ delaySeconds: DEAD_LETTER_DELAY });
  }
}
