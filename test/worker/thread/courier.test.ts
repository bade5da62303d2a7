import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { eventually } from '../../eventually.ts';
import {
  accepted,
  type Channel,
  nameOf,
  newChannel,
  receive,
  receiveCommand,
  stubOf,
  visitorMessage,
} from './fixtures.ts';
import { replaceProjector } from './projector.ts';

const NEVER = 1000;

beforeEach(() => {
  // Who waits for D1 gives up after a second at the earliest. Here they never do, so an answer that comes has not waited.
  const inTime = setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, milliseconds = 0) =>
    milliseconds >= NEVER ? undefined : inTime(run, milliseconds)) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A projector, as this thread sees it, that does not answer until it is released. */
async function hangProjector(channel: Channel) {
  let asked = 0;
  let isReleased = false;
  // Looks again and again: a promise may only be settled by the object that made it.
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

describe('a projector that hangs keeps no courier waiting', () => {
  test('who comes while the object hands over for a caller who is none', async () => {
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
    // What is on its way is the object's to bring, and so is what follows it.
    expect([handed, isAnswered, projector.asked()]).toEqual([null, false, 1]);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    projector.release();
    await waiting;
  });

  test('who comes when more batches are out than the object gives away', async () => {
    const channel = newChannel();
    await receive(says(channel, 'first'));
    const projector = await hangProjector(channel);
    const batches = [];
    for (let place = 0; place < 40; place++) batches.push((await asCourier(channel, `${place}`)).handed);
    // Beyond 32 that are out the object sends by itself, and waits for the projector alone.
    expect(batches.filter((handed) => handed !== null)).toHaveLength(32);
    expect(projector.asked()).toBe(1);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    projector.release();
  });
});
