import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameServer } from '../../../src/live/frame-server.ts';
import type { LiveSocket } from '../../../src/live/live-socket.ts';
import { CHAT, MESSAGES, newSocket, ORGANIZATION } from '../../support/sample-sockets.ts';

const CLIENT = '0190a000-0000-7000-8000-0000000000ee';
const TAGS = `/api/v5/orgs/${ORGANIZATION}/owned_chats/${CHAT}/tags`;
const CHATS = `/api/v5/orgs/${ORGANIZATION}/owned_chats`;

/** A server whose log ends at 50, for a client that carries what the test says. */
function newServer(channelsOf: () => Promise<readonly string[] | null>) {
  const ended: number[] = [];
  const server = new FrameServer({
    logRange: () => ({ floor: 10, head: 50 }),
    accessCache: {
      known: () => ({ subscriber: { kind: 'visitor', visitor_id: 'v' } }),
      lookUp: async () => new Map(),
    },
    freeSubscriptions: () => 1000,
    keep: () => {},
    drop: () => {},
    close: (socket: LiveSocket, ending) => {
      ended.push(ending.code);
      socket.close(ending);
    },
    channelsOf,
    now: () => 7,
  });
  return { server, ended };
}

const follow = (more: object = {}) => JSON.stringify({ type: 'follow', client_id: CLIENT, ...more });
const heldBy = (socket: LiveSocket) => [...socket.subscriptions.keys()].sort();

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('a socket that follows a client', () => {
  it('has exactly what the client carries, now and after each change', async () => {
    let carried: string[] | null = [MESSAGES, CHATS];
    const { server } = newServer(async () => carried);
    const { socket, recorder } = newSocket(50);
    await server.receive(socket, JSON.stringify({ type: 'subscribe', channels: [TAGS] }));
    await server.receive(socket, follow());
    expect(heldBy(socket)).toEqual([CHATS, MESSAGES].sort());
    carried = [MESSAGES, TAGS];
    await server.followAgain(socket, CLIENT);
    expect(heldBy(socket)).toEqual([MESSAGES, TAGS].sort());
    await server.followAgain(socket, CLIENT);
    carried = null;
    await server.followAgain(socket, CLIENT);
    expect([heldBy(socket), socket.state.client_id]).toEqual([[], null]);
    expect(recorder.sent.map((text) => JSON.parse(text)).map(({ type, channels }) => [type, channels])).toEqual([
      ['subscribed', [TAGS]],
      ['unsubscribed', [TAGS]],
      ['subscribed', [MESSAGES, CHATS]],
      ['unsubscribed', [CHATS]],
      ['subscribed', [MESSAGES, TAGS]],
      ['unsubscribed', [MESSAGES, TAGS]],
    ]);
  });

  it('resumes after a number, and is answered when it follows again', async () => {
    const { server } = newServer(async () => [MESSAGES]);
    const { socket, recorder } = newSocket(50);
    await server.receive(socket, follow({ after: 20 }));
    expect([socket.position, JSON.parse(recorder.sent[0] ?? '')]).toMatchObject([20, { number: 20 }]);
    await server.receive(socket, follow());
    expect(recorder.sent).toHaveLength(2);
  });

  it('reads the channels again when they change while it reads them', async () => {
    const first = Promise.withResolvers<string[]>();
    const reads = [first.promise, Promise.resolve([CHATS])];
    const { server } = newServer(() => reads.shift() ?? Promise.reject(new Error('one read too many')));
    const { socket } = newSocket(50);
    const following = server.receive(socket, follow());
    // Several changes that wait are one.
    const changes = [server.followAgain(socket, CLIENT), server.followAgain(socket, CLIENT)];
    first.resolve([MESSAGES]);
    await Promise.all([following, ...changes]);
    expect([heldBy(socket), reads]).toEqual([[CHATS], []]);
  });

  it('is told of no other client', async () => {
    const { server } = newServer(() => Promise.reject(new Error('not asked')));
    const { socket, recorder } = newSocket(50);
    await server.followAgain(socket, CLIENT);
    expect(recorder.sent).toEqual([]);
  });
});

describe('following is refused', () => {
  it.each([
    ['without an id', '{"type":"follow"}'],
    ['with a text that is no id', '{"type":"follow","client_id":"mine"}'],
    ['with a number that is none', follow({ after: -1 })],
  ])('%s', async (_, frame) => {
    const { server } = newServer(() => Promise.reject(new Error('not asked')));
    const { socket, recorder } = newSocket(50);
    await server.receive(socket, frame);
    expect(recorder.sent.map((text) => JSON.parse(text).type)).toEqual(['error']);
  });

  it('for a client that the user does not have', async () => {
    const { server } = newServer(async () => null);
    const { socket, recorder } = newSocket(50);
    await server.receive(socket, JSON.stringify({ type: 'subscribe', channels: [MESSAGES] }));
    await server.receive(socket, follow());
    expect(JSON.parse(recorder.sent[1] ?? '')).toEqual({ type: 'error', detail: 'The user has no such client.' });
    expect(heldBy(socket)).toEqual([MESSAGES]);
  });

  it('while the user’s object cannot be asked: the socket is closed, and comes back', async () => {
    const { server, ended } = newServer(() => Promise.reject(new Error('away')));
    const { socket } = newSocket(50);
    await server.receive(socket, follow());
    expect(ended).toEqual([1013]);
  });
});
