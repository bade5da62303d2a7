import type { Pointer } from '../rpc/lane.ts';
import { type DeliveryDeps, deliverLane, errorName } from './deliver-lane.ts';
import { parsePointer } from './offer-lanes.ts';

/** Seconds until a message of a newer version is offered again: a rollout is through by then. */
const NEWER_VERSION_DELAY = 60;

/** Seconds until a pointer from the dead-letter queue is offered again. */
const DEAD_LETTER_DELAY = 60;

const DEAD_LETTER_SUFFIX = '-dead';

type Settled = Pick<Message<unknown>, 'id' | 'body' | 'ack' | 'retry'>;
type Batch = { queue: string; messages: readonly Settled[] };
type Waiting = Pick<ExecutionContext, 'waitUntil'>;

/**
 * The Worker's queue handler. Pointers are acknowledged at once and delivered in `waitUntil`, so that a receiver that hangs
 * holds up nobody else's batch; what is lost by that the lane offers again. Dead letters go back to the main queue.
 */
export async function handleQueue(batch: Batch, context: Waiting, dependencies: DeliveryDeps): Promise<void> {
  const isDead = batch.queue.endsWith(DEAD_LETTER_SUFFIX);
  for (const message of batch.messages) {
    if (isDead) await offerAgain(message, dependencies);
    else consume(message, context, dependencies);
  }
}

function consume(message: Settled, context: Waiting, dependencies: DeliveryDeps): void {
  const parsed = parsePointer(message.body);
  if (parsed.kind === 'newer') {
    dependencies.log({ event: 'delivery.newer_pointer', message_id: message.id });
    message.retry({ delaySeconds: NEWER_VERSION_DELAY });
    return;
  }
  message.ack();
  if (parsed.kind === 'garbage') dependencies.log({ event: 'delivery.garbage_pointer', message_id: message.id });
  else context.waitUntil(deliverSafely(parsed.pointer, dependencies));
}

async function deliverSafely(pointer: Pointer, dependencies: DeliveryDeps): Promise<void> {
  try {
    await deliverLane(dependencies, pointer);
  } catch (error) {
    const { thread, receiver } = pointer;
    dependencies.log({ event: 'delivery.run_failed', thread, receiver, error: errorName(error) });
  }
}

async function offerAgain(message: Settled, dependencies: DeliveryDeps): Promise<void> {
  const parsed = parsePointer(message.body);
  dependencies.log({ event: 'delivery.dead_letter', message_id: message.id, kind: parsed.kind });
  try {
    if (parsed.kind === 'pointer') await dependencies.send(parsed.pointer, DEAD_LETTER_DELAY);
    message.ack();
  } catch (error) {
    dependencies.log({ event: 'delivery.dead_letter_failed', message_id: message.id, error: errorName(error) });
    message.retry({ delaySeconds: DEAD_LETTER_DELAY });
  }
}
