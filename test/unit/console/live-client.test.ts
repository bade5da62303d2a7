import { describe, expect, it } from 'vitest';
import { LiveClient, type LiveStatus } from '../../../src/console-app/replica/live-client.ts';
import type { SocketEvents } from '../../../src/console-app/replica/ports.ts';
import type { HubFrame } from '../../../src/resources/live-frames.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A client whose hub is the test: it says frames, closes sockets and lets time pass. */
function connect(isSignedIn: () => Promise<boolean> = async () => true) {
  const clock = new ManualClock();
  const sockets: { events: SocketEvents; sent: unknown[]; isClosed: boolean; answersPings: boolean }[] = [];
  const told: unknown[] = [];
  const statuses: LiveStatus['is'][] = [];
  const client = new LiveClient(
    {
      clock,
      random: () => 0,
      isSignedIn,
      openSocket: (events) => {
        const socket = { events, sent: [] as unknown[], isClosed: false, answersPings: true };
        sockets.push(socket);
        return {
          send: (text) => {
            if (text !== 'ping') socket.sent.push(JSON.parse(text));
            else if (socket.answersPings) events.onText('pong');
          },
          close: () => {
            socket.isClosed = true;
          },
        };
      },
    },
    ['c'],
    {
      onStatus: ({ is }) => statuses.push(is),
      onNotifications: (notifications, number) => told.push([number, notifications.length]),
      onSubscribed: (isResumed) => told.push(isResumed ? 'resumed' : 'subscribed'),
      onReset: () => told.push('reset'),
      onError: (detail) => told.push(detail),
    },
  );
  const last = () => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };
  const say = (frame: HubFrame) => last().events.onText(JSON.stringify(frame));
  return {
    client,
    clock,
    sockets,
    told,
    statuses,
    last,
    say,
    subscribed: (number: number) => {
      say({ type: 'welcome', number, time: WELCOMED });
      say({ type: 'subscribed', channels: ['c'], refused: [], refused_count: 0, number });
    },
    notify: (number: number | null) => say({ type: 'notifications', number, notifications: [] }),
    close: (code: number) => last().events.onClose(code, 'reason'),
  };
}

const WELCOMED = '2026-11-21T12:00:00.000Z';
const settled = () => new Promise((resolve) => setImmediate(resolve));

function live(isSignedIn?: () => Promise<boolean>) {
  const hub = connect(isSignedIn);
  hub.client.start();
  hub.subscribed(7);
  return hub;
}

describe('a live client', () => {
  it('subscribes from now on, and resumes from the last number that it has seen', () => {
    const hub = live();
    expect(hub.last().sent).toEqual([{ type: 'subscribe', channels: ['c'], after: null }]);
    hub.notify(9);
    hub.notify(null);
    hub.close(1006);
    hub.clock.pass(1000);
    hub.subscribed(20);
    expect(hub.last().sent).toEqual([{ type: 'subscribe', channels: ['c'], after: 9 }]);
    expect(hub.told).toEqual(['subscribed', [9, 0], [null, 0], 'resumed']);
    expect(hub.statuses).toEqual(['connecting', 'live', 'waiting', 'connecting', 'live']);
  });

  it('resumes from its subscription when nothing came after it', () => {
    const hub = live();
    hub.close(1012);
    hub.clock.pass(1000);
    hub.subscribed(20);
    expect(hub.last().sent).toEqual([{ type: 'subscribe', channels: ['c'], after: 7 }]);
  });

  it('goes on from the number of a reset', () => {
    const hub = live();
    hub.say({ type: 'reset', number: 50 });
    hub.close(1006);
    hub.clock.pass(1000);
    hub.say({ type: 'welcome', number: 60, time: WELCOMED });
    expect(hub.last().sent).toEqual([{ type: 'subscribe', channels: ['c'], after: 50 }]);
    expect(hub.told).toEqual(['subscribed', 'reset']);
  });

  it('waits longer after each failure, 30 s at most, and short again after a success', () => {
    const hub = connect();
    hub.client.start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      const before = hub.clock.now();
      hub.close(1006);
      const wait = hub.client.status.is === 'waiting' ? hub.client.status.until - before : 0;
      waits.push(wait);
      hub.clock.pass(wait);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    hub.subscribed(1);
    hub.close(1006);
    expect(hub.client.status).toEqual({ is: 'waiting', since: hub.clock.now(), until: hub.clock.now() + 1000 });
  });

  it('says since when it is away, however often it has tried since', () => {
    const hub = live();
    const since = hub.clock.now();
    hub.close(1006);
    hub.clock.pass(1000);
    hub.close(1006);
    expect(hub.client.status).toMatchObject({ is: 'waiting', since });
  });

  it('waits 5 s when the hub asks for patience', () => {
    const hub = live();
    hub.close(1013);
    hub.clock.pass(4999);
    expect(hub.sockets).toHaveLength(1);
    hub.clock.pass(1);
    expect(hub.sockets).toHaveLength(2);
  });

  it('leaves a socket that is silent for 4 s after a ping, and takes any frame for an answer', () => {
    const hub = live();
    hub.clock.pass(60_000);
    expect(hub.sockets).toHaveLength(1);
    hub.last().answersPings = false;
    hub.clock.pass(10_000);
    hub.notify(8);
    hub.clock.pass(5000);
    expect(hub.client.status.is).toBe('live');
    hub.clock.pass(9_500);
    expect([hub.client.status.is, hub.last().isClosed]).toEqual(['waiting', true]);
  });

  it('asks less often while hidden, and at once when it comes into view', () => {
    const hub = live();
    hub.clock.pass(10_000);
    hub.client.setVisible(false);
    hub.clock.pass(10_000);
    hub.last().answersPings = false;
    hub.clock.pass(20_000);
    expect(hub.client.status.is).toBe('live');
    hub.client.setVisible(true);
    hub.clock.pass(4000);
    expect(hub.client.status.is).toBe('waiting');
  });

  it('gives up a connection that is not welcomed within 10 s', () => {
    const hub = connect();
    hub.client.start();
    hub.clock.pass(10_000);
    expect([hub.client.status.is, hub.last().isClosed]).toEqual(['waiting', true]);
  });

  it('is offline as soon as the browser says so, and connects at once when it is back', () => {
    const hub = live();
    hub.client.loseNetwork();
    expect(hub.client.status.is).toBe('waiting');
    hub.client.resume();
    expect([hub.client.status.is, hub.sockets.length]).toEqual(['connecting', 2]);
    hub.client.resume();
    expect(hub.sockets).toHaveLength(2);
  });

  it('ends with the session, and resumes from the same number after the next sign-in', async () => {
    const hub = live(async () => false);
    hub.notify(9);
    hub.close(4401);
    await settled();
    hub.clock.pass(60_000);
    expect([hub.client.status.is, hub.sockets.length]).toEqual(['signed_out', 1]);
    hub.client.resume();
    hub.say({ type: 'welcome', number: 30, time: WELCOMED });
    expect(hub.last().sent).toEqual([{ type: 'subscribe', channels: ['c'], after: 9 }]);
  });

  it('connects again when the session was prolonged after its socket had begun', async () => {
    const hub = live();
    hub.close(4401);
    await settled();
    hub.clock.pass(1000);
    expect([hub.client.status.is, hub.sockets.length]).toEqual(['connecting', 2]);
  });

  it('finds out that the session has ended when only its handshake fails', async () => {
    const hub = connect(async () => false);
    hub.client.start();
    hub.close(1006);
    await settled();
    expect(hub.client.status.is).toBe('signed_out');
  });

  it.each([4403, 1008])('stops with the reason of %i', (code) => {
    const hub = live();
    hub.close(code);
    hub.clock.pass(60_000);
    hub.client.resume();
    expect([hub.client.status, hub.sockets.length]).toEqual([{ is: 'refused', reason: 'reason' }, 1]);
  });

  it('acknowledges every hundredth frame, and when it is asked to', () => {
    const hub = live();
    for (let number = 8; number < 8 + 98; number++) hub.notify(number);
    expect(hub.last().sent.slice(1)).toEqual([{ type: 'ack', number: 105 }]);
    hub.say({ type: 'acknowledge' });
    expect(hub.last().sent.slice(2)).toEqual([{ type: 'ack', number: 105 }]);
  });

  it('hears nothing more from a socket that it has left', () => {
    const hub = live();
    const [first] = hub.sockets;
    hub.client.stop();
    first?.events.onText(JSON.stringify({ type: 'notifications', number: 99, notifications: [] }));
    first?.events.onClose(1006, '');
    hub.clock.pass(60_000);
    expect([hub.client.status.is, hub.client.number, hub.sockets.length, first?.isClosed]).toEqual([
      'stopped',
      7,
      1,
      true,
    ]);
  });
});
