import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Access } from '../../../src/live/access.ts';
import { FrameServer } from '../../../src/live/frame-server.ts';
import type { LiveSocket } from '../../../src/live/live-socket.ts';
import { MESSAGES, newSocket } from '../../support/sample-sockets.ts';

const VISITOR: Access = { subscriber: { kind: 'visitor', visitor_id: 'v' } };

/** A server whose log ends at 50, and whose rights are answered when the test says so. */
function newServer(access: () => Promise<Access>, freeSubscriptions = 1000) {
  const ended: number[] = [];
  const kept: string[] = [];
  const server = new FrameServer({
    logRange: () => ({ floor: 10, head: 50 }),
    accessCache: {
      known: () => null,
      lookUp: async (owners) => {
        const found = await access().catch(() => null);
        return new Map([...owners].flatMap((owner) => (found === null ? [] : [[owner, found] as const])));
      },
    },
    freeSubscriptions: () => freeSubscriptions,
    keep: (_, added) => kept.push(...added.map(({ text }) => text)),
    drop: () => {},
    close: (socket: LiveSocket, ending) => {
      ended.push(ending.code);
      socket.close(ending);
    },
    channelsOf: () => Promise.resolve(null),
    now: () => 7,
  });
  return { server, ended, kept };
}

const subscribe = (more: object = {}) => JSON.stringify({ type: 'subscribe', channels: [MESSAGES], ...more });
const ack = (number: number) => JSON.stringify({ type: 'ack', number });

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('the frames of a client', () => {
  it('are answered in order, except acknowledgements, which do not wait', async () => {
    const gate = Promise.withResolvers<Access>();
    const { server } = newServer(() => gate.promise);
    const { socket, recorder } = newSocket(50);
    socket.send('x', 50, 0);
    const handled = [
      server.receive(socket, subscribe()),
      server.receive(socket, '{"type":"unsubscribe","channels":["a"]}'),
    ];
    await server.receive(socket, ack(50));
    expect([socket.state.window, recorder.sent.length]).toEqual([[], 1]);
    gate.resolve(VISITOR);
    await Promise.all(handled);
    expect(recorder.sent.slice(1).map((text) => JSON.parse(text).type)).toEqual(['subscribed', 'unsubscribed']);
    expect(socket.state.heard_at).toBe(7);
  });

  it('may acknowledge the number of an answer that is ahead of the socket, but none that the log does not have', async () => {
    const { server } = newServer(() => Promise.resolve(VISITOR));
    const { socket, recorder } = newSocket(20);
    socket.send('x', 20, 0);
    await server.receive(socket, ack(50));
    expect([socket.state.window, recorder.sent]).toEqual([[], ['x']]);
    await server.receive(socket, ack(51));
    expect(recorder.sent.slice(1).map((text) => JSON.parse(text).type)).toEqual(['error']);
  });

  it('close the connection when too many of them wait', async () => {
    const gate = Promise.withResolvers<Access>();
    const { server, ended, kept } = newServer(() => gate.promise);
    const { socket } = newSocket(50);
    const handled = Array.from({ length: 102 }, () => server.receive(socket, subscribe()));
    expect(ended).toContain(1008);
    gate.resolve(VISITOR);
    await Promise.all(handled);
    expect(kept).toEqual([]);
  });

  it('close the connection when the waiting ones are large', async () => {
    const gate = Promise.withResolvers<Access>();
    const { server, ended } = newServer(() => gate.promise);
    const { socket } = newSocket(50);
    const large = subscribe({ padding: 'x'.repeat(200_000) });
    const handled = Array.from({ length: 6 }, () => server.receive(socket, large));
    expect(ended).toEqual([]);
    handled.push(server.receive(socket, large));
    expect(ended).toEqual([1008]);
    gate.resolve(VISITOR);
    await Promise.all(handled);
  });

  it('are refused without closing the connection when one is too large', async () => {
    const { server, ended } = newServer(() => Promise.resolve(VISITOR));
    const { socket, recorder } = newSocket(50);
    await server.receive(socket, 'x'.repeat(2_000_000));
    expect([ended, recorder.sent]).toEqual([[], [expect.stringContaining('262144')]]);
  });

  it('may subscribe each of a hundred topics separately', async () => {
    const gate = Promise.withResolvers<Access>();
    const { server, ended, kept } = newServer(() => gate.promise);
    const id = 'a'.repeat(32);
    const { socket, recorder } = newSocket(50, {
      kind: 'visitor',
      visitor_id: id,
      organization_id: 'o',
      expires_at: null,
    });
    const channels = Array.from({ length: 100 }, (_, place) => {
      const chat = `0190a000-0000-7000-8000-${String(place).padStart(12, '0')}`;
      return `/api/v5/public/visitors/${id}/chats/${chat}/messages`;
    });
    const handled = channels.map((channel) => server.receive(socket, subscribe({ channels: [channel] })));
    gate.resolve(VISITOR);
    await Promise.all(handled);
    expect([ended, kept, recorder.sent.length]).toEqual([[], channels, 100]);
  });

  it('close the connection with “try again” when the rights cannot be looked up', async () => {
    const { server, ended, kept } = newServer(() => Promise.reject(new Error('D1 is away')));
    const { socket } = newSocket(50);
    await server.receive(socket, subscribe());
    expect([ended, kept]).toEqual([[1013], []]);
  });

  it('are refused when the hub has no room', async () => {
    const visitor = (path: string) => `/api/v5/public/visitors/${'a'.repeat(32)}/${path}`;
    const owner = { kind: 'visitor' as const, visitor_id: 'a'.repeat(32), organization_id: 'o', expires_at: null };
    const { server, kept } = newServer(() => Promise.resolve(VISITOR), 1);
    const { socket, recorder } = newSocket(50, owner);
    await server.receive(socket, subscribe({ channels: [visitor('chats'), visitor('chat_memberships')] }));
    expect(kept).toEqual([visitor('chats')]);
    expect(JSON.parse(recorder.sent[0] ?? '')).toMatchObject({
      channels: [visitor('chats')],
      refused: [{ channel: visitor('chat_memberships'), detail: 'The hub cannot accept more channels at present.' }],
    });
  });

  it('have no effect on a socket that has gone meanwhile', async () => {
    const gate = Promise.withResolvers<Access>();
    const { server, kept } = newServer(() => gate.promise);
    const { socket, recorder } = newSocket(50);
    const handled = server.receive(socket, subscribe());
    recorder.readyState = 3;
    gate.resolve(VISITOR);
    await handled;
    expect([kept, recorder.sent]).toEqual([[], []]);
  });

  it('set the position in the log with the first subscription that is granted', async () => {
    const visitor = (path: string) => `/api/v5/public/visitors/${'a'.repeat(32)}/${path}`;
    const owner = { kind: 'visitor' as const, visitor_id: 'a'.repeat(32), organization_id: 'o', expires_at: null };
    const { server } = newServer(() => Promise.resolve(VISITOR));
    const { socket, recorder } = newSocket(50, owner);
    await server.receive(socket, subscribe({ channels: ['nonsense'], after: 20 }));
    expect([socket.position, socket.state.has_begun]).toEqual([50, false]);
    await server.receive(socket, subscribe({ channels: [visitor('chats')], after: 20 }));
    expect([socket.position, recorder.attachment?.position, recorder.attachment?.has_begun]).toEqual([20, 20, true]);
    await server.receive(socket, subscribe({ channels: [visitor('chat_memberships')] }));
    expect([...socket.subscriptions.values()].map(({ since }) => since)).toEqual([20, 50]);
    expect(socket.position).toBe(20);
  });
});
