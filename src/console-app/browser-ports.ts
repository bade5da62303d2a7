import { ask } from './hub/call.ts';
import type { CallHub, Clock, OpenSocket, Storage } from './replica/ports.ts';
import type { Replica, ReplicaDependencies } from './replica/replica.ts';

/** A request without an answer for so long (ms) counts as lost: it is sent again. */
const LONGEST_REQUEST = 30_000;
/** A page in the background gets no frames, but its title and sounds follow the inbox. In ms. */
const LONGEST_FRAME = 100;

/** What the replica of a user needs, in a page of the hub. The session's cookie goes with each request. */
export function browserPorts(userId: string): ReplicaDependencies {
  return {
    userId,
    call,
    openSocket: openSocketOf(userId),
    isSignedIn,
    clock,
    storage,
    random: Math.random,
    newKey: () => crypto.randomUUID(),
    soon,
    onFault: reportError,
  };
}

/** Tells the replica of the browser's network and of the page's visibility. Answers how to stop. */
export function watchBrowser(replica: Replica): () => void {
  const watch = new AbortController();
  const options = { signal: watch.signal };
  const look = () => replica.setVisible(document.visibilityState === 'visible');
  window.addEventListener('online', () => replica.networkIsBack(), options);
  window.addEventListener('offline', () => replica.networkIsGone(), options);
  document.addEventListener('visibilitychange', look, options);
  look();
  return () => watch.abort();
}

const call: CallHub = async ({ path, ...what }) => {
  const { response, body } = await ask(path, what, { signal: AbortSignal.timeout(LONGEST_REQUEST) });
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return { status: response.status, body, retryAfter: Number.isNaN(seconds) ? null : seconds };
};

function openSocketOf(userId: string): OpenSocket {
  return (events) => {
    const url = new URL(`/api/v5/users/${userId}/live`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, 'umi.v1');
    socket.addEventListener('message', ({ data }) => events.onText(String(data)));
    socket.addEventListener('close', ({ code, reason }) => events.onClose(code, reason));
    return {
      send: (text) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      close: () => socket.close(),
    };
  };
}

async function isSignedIn(): Promise<boolean> {
  const { status } = await call({ method: 'GET', path: '/api/v5/session' });
  if (![200, 204, 401].includes(status)) throw new Error(`the session was answered ${status}`);
  return status === 200;
}

const clock: Clock = {
  now: () => Date.now(),
  after: (milliseconds, then) => {
    const timer = setTimeout(then, milliseconds);
    return () => clearTimeout(timer);
  },
};

const storage: Storage = {
  read: (key) => localStorage.getItem(key),
  write: (key, text) => {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  },
  keys: (prefix) => Object.keys(localStorage).filter((key) => key.startsWith(prefix)),
};

function soon(run: () => void): void {
  const once = () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    run();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, LONGEST_FRAME);
}
