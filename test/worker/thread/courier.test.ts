import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { replaceProjector } from '../../support/worker/projector.ts';
import {
  accepted,
  type Channel,
  nameOf,
  newChannel,
  receive,
  receiveCommand,
  stubOf,
  visitorMessage,
} from '../../support/worker/threads.ts';

const NEVER = 1000;

beforeEach(() => {
  // A caller waits for D1 for a second at least. In this test it waits forever, so an answer proves that the caller did
  // not wait.
  const inTime = setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, milliseconds = 0) =>
    milliseconds >= NEVER ? undefined : inTime(run, milliseconds)) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A projector for this thread that does not answer until it is released. */
async function hangProjector(channel: Channel) {
  let asked = 0;
  let isReleased = false;
  // Checks again and again: only the object that made a promise may settle it.
  await replaceProjector(nameOf(channel), async () => {
    asked += 1;
    while (!isReleased) await scheduler.wait(5);
    return [{ ok: false, reason: 'failed' }];
  });
  const release = () => {
    isReleased = true;
  };
  return { asked: () => asked, release };
}

const says = (channel: Channel, text: string) => receiveCommand(channel, 't', [visitorMessage(text)]);
const asCourier = (channel: Channel, text: string) =>
  stubOf(channel, 't').execute(says(channel, text), { acknowledged: [] });

describe('a projector that hangs does not delay a courier', () => {
  test('that calls while the object sends batches for a caller that is not a courier', async () => {
    const channel = newChannel();
    await receive(says(channel, 'first'));
    const projector = await hangProjector(channel);
    let isAnswered = false;
    const waiting = receive(says(channel, 'of one who is no courier')).then(() => {
      isAnswered = true;
    });
    await eventually(() => expect(projector.asked()).toBe(1));
    const { result, handed } = await asCourier(channel, 'of a courier');
    expect(accepted(result)).toMatchObject({ messages_created: 1 });
    // What is in flight, and what follows it, is sent by the object.
    expect([handed, isAnswered, projector.asked()]).toEqual([null, false, 1]);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    projector.release();
    await waiting;
  });

  test('that calls when the maximum of batches is in flight', async () => {
    const channel = newChannel();
    await receive(says(channel, 'first'));
    const projector = await hangProjector(channel);
    const batches = [];
    for (let place = 0; place < 40; place++) batches.push((await asCourier(channel, `${place}`)).handed);
    // Above 32 batches in flight the object itself sends them, and only the object waits for the projector.
    expect(batches.filter((handed) => handed !== null)).toHaveLength(32);
    expect(projector.asked()).toBe(1);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    projector.release();
  });
});
