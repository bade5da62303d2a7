import { describe, expect, it, test } from 'vitest';
import { LONGEST_FRAME, readClientFrame } from '../../../src/live/client-frames.ts';
import { closeReasonAt, endsAt, forgottenAt, prunesAt } from '../../../src/live/limits.ts';
import { canResume, unseenOf } from '../../../src/live/log-rules.ts';
import { isPaused, MOST_FRAMES, type SendWindow, withAcknowledged, withSent } from '../../../src/live/send-window.ts';
import { decideSubscriptions } from '../../../src/live/subscribe.ts';
import type { UserSubscriber } from '../../../src/notifications/subscriber.ts';
import { MESSAGES, ORGANIZATION, USER, updateOf } from '../../support/sample-sockets.ts';

const A_DAY = 24 * 3_600_000;

describe('the window', () => {
  const sent = (count: number, characters: number): SendWindow => {
    let window: SendWindow = [];
    for (let number = 1; number <= count; number++) window = withSent(window, number, characters);
    return window;
  };

  it('is full at a thousand frames', () => {
    expect([isPaused([]), isPaused(sent(MOST_FRAMES - 1, 1)), isPaused(sent(MOST_FRAMES, 1))]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is full at four million characters', () => {
    expect([isPaused(sent(39, 100_000)), isPaused(sent(40, 100_000)), isPaused(sent(1, 5_000_000))]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('is small, whatever it counts', () => {
    expect(sent(1000, 1)).toHaveLength(20);
    expect(sent(40, 100_000).length).toBeLessThan(20);
  });

  it('opens by each group that was read, and entirely when all was read', () => {
    const window = sent(1000, 1);
    expect(isPaused(withAcknowledged(window, 49))).toBe(true);
    expect(isPaused(withAcknowledged(window, 50))).toBe(false);
    expect(withAcknowledged(window, 1000)).toEqual([]);
    expect(withAcknowledged(window, 0)).toEqual(window);
  });

  it('counts frames without a number with those before them, so that a client can acknowledge them', () => {
    let window: SendWindow = withSent([], null, 10);
    expect(withAcknowledged(window, 1)).toEqual([]);
    window = withSent(window, 7, 10);
    for (let count = 0; count < 200; count++) window = withSent(window, null, 10);
    expect(isPaused(window)).toBe(false);
    expect(withAcknowledged(window, 7)).toEqual([]);
  });
});

describe('what a thread publishes', () => {
  const at = (seq: number, time: number) => ({ ...updateOf(seq), at: time });
  const now = 10 * A_DAY;

  it('is new above the checkpoint, and not a day old', () => {
    const entries = [at(3, now), at(4, now - A_DAY), at(5, now - A_DAY + 1), at(6, now)];
    expect(unseenOf(entries, 3, 0, now).map(({ seq }) => seq)).toEqual([5, 6]);
    expect(unseenOf(entries, 6, 0, now)).toEqual([]);
  });
});

test('events from before the hub was made are dropped, allowing for a difference of clocks', () => {
  const entries = [15_000, 15_001, 20_000, 30_000].map((at, place) => ({ ...updateOf(place + 1), at }));
  expect(unseenOf(entries, 0, 20_000, 30_000).map(({ at }) => at)).toEqual([15_001, 20_000, 30_000]);
});

test('a client can resume from any number that the log still follows', () => {
  const extent = { floor: 10, head: 20 };
  expect([9, 10, 20, 21].map((after) => canResume(after, extent))).toEqual([false, true, true, false]);
});

describe('how long a socket may stay', () => {
  const socket = { expires_at: 1_000_000, heard_at: 500_000, full_since: null };

  it.each([
    ['all is well', {}, 649_999, null],
    ['its token ends', {}, 1_000_000, 4401],
    ['it is silent', {}, 650_000, 4408],
    ['it has not acknowledged for a while', { full_since: 500_000 }, 530_000, 4008],
    ['it has some time to acknowledge', { full_since: 500_000 }, 529_999, null],
    ['it is silent with a token forever', { expires_at: null }, 5_000_000, 4408],
  ])('when %s', (_, change, now, code) => {
    expect(closeReasonAt({ ...socket, ...change }, now)?.code ?? null).toBe(code);
  });

  it.each([
    ['it is heard for the last time', {}, 650_000],
    ['its token ends before', { expires_at: 600_000 }, 600_000],
    ['it does not acknowledge', { full_since: 510_000 }, 540_000],
    ['it has a token forever', { expires_at: null }, 650_000],
  ])('is known when %s', (_, change, end) => {
    const times = { ...socket, ...change };
    expect(endsAt(times)).toBe(end);
    expect([closeReasonAt(times, end - 1), closeReasonAt(times, end)]).toEqual([null, expect.any(Object)]);
  });
});

test('a hub forgets all a day after its last socket, and one of a visitor without an event after ten minutes', () => {
  const [empty, logged] = [
    { floor: 5, head: 5 },
    { floor: 5, head: 6 },
  ];
  const visitors = { organization_id: null, left_at: 100 };
  const organizations = { organization_id: 'o', left_at: 100 };
  expect(forgottenAt({ ...visitors, left_at: null }, empty)).toBeNull();
  expect([forgottenAt(organizations, empty), forgottenAt(visitors, logged)]).toEqual([100 + A_DAY, 100 + A_DAY]);
  expect(forgottenAt(visitors, empty)).toBe(600_100);
});

test('old events are deleted a day after the oldest, and once an hour at most', () => {
  expect([prunesAt(null, 5), prunesAt(100, 5), prunesAt(100, A_DAY)]).toEqual([null, 100 + A_DAY, A_DAY + 3_600_000]);
});

describe('a request to subscribe', () => {
  const subscriber: UserSubscriber = {
    kind: 'user',
    organization_id: ORGANIZATION,
    user_id: USER,
    has_reports: false,
    keeps_private_history: false,
    reach: null,
    history_reach: null,
    member_reach: null,
    organization_reach: null,
    stands_for: [],
  };
  const who = { id: { organization_id: ORGANIZATION, user_id: USER }, subscriber };
  const ownChat = (place: number) =>
    `/api/v5/users/${USER}/chats/0190a000-0000-7000-8000-${String(place).padStart(12, '0')}/messages`;
  const many = (count: number) => Array.from({ length: count }, (_, place) => ownChat(place));

  it('is granted for each topic separately, once', () => {
    const answer = decideSubscriptions([MESSAGES, 'nonsense', MESSAGES], new Map(), who, 7, 1000);
    expect(answer).toMatchObject({ subscribed: [MESSAGES], refused: [{ channel: 'nonsense' }], refused_count: 1 });
    expect(answer.added).toEqual([{ text: MESSAGES, topic: expect.any(Object), since: 7 }]);
  });

  it('leaves existing subscriptions as they are', () => {
    const [held] = decideSubscriptions([MESSAGES], new Map(), who, 7, 1000).added;
    if (held === undefined) throw new Error('it was granted');
    const answer = decideSubscriptions([MESSAGES], new Map([[MESSAGES, held]]), who, 9, 1000);
    expect([answer.added, answer.subscribed]).toEqual([[], [MESSAGES]]);
  });

  it('is quoted without half a character', () => {
    const text = `${'x'.repeat(255)}😀`;
    const { refused } = decideSubscriptions([text, '\ud83d'], new Map(), who, 0, 1000);
    expect(refused.map(({ channel }) => channel)).toEqual(['x'.repeat(255), '\ufffd']);
  });

  it('is refused from the hundredth on, with a hundred reasons at most', () => {
    const answer = decideSubscriptions(many(10_000), new Map(), who, 0, 1000);
    expect([answer.added.length, answer.refused.length, answer.refused_count]).toEqual([100, 100, 9900]);
    expect(answer.refused[0]).toEqual({ channel: ownChat(100), detail: expect.stringContaining('100 channels') });
  });
});

describe('a frame', () => {
  it('is read', () => {
    expect(readClientFrame('{"type":"subscribe","channels":["a"],"more":1}')).toEqual({
      frame: { type: 'subscribe', channels: ['a'], after: null },
    });
    expect(readClientFrame('{"type":"subscribe","channels":["a"],"after":0}')).toMatchObject({ frame: { after: 0 } });
    expect(readClientFrame('{"type":"ack","number":3}')).toEqual({ frame: { type: 'ack', number: 3 } });
  });

  it('may be as long as the limit, in bytes', () => {
    const frame = (text: string) => `{"type":"unsubscribe","channels":["${text}"]}`;
    const fits = LONGEST_FRAME - frame('').length;
    expect(readClientFrame(frame('x'.repeat(fits)))).toHaveProperty('frame');
    expect(readClientFrame(frame('x'.repeat(fits + 1)))).toHaveProperty('problem');
    expect(readClientFrame(frame('é'.repeat(fits / 2 + 1)))).toHaveProperty('problem');
  });
});
