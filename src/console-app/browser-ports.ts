import { ask } from './hub/call.ts';
import type { CallHub, Clock, OpenSocket, Storage } from './replica/ports.ts';
import type { Replica, ReplicaDependencies } from './replica/replica.ts';
import { readCopy } from './replica/tab-copy.ts';

/** A page in the background gets no frames, but its title and sounds follow the inbox. In ms. */
const LONGEST_FRAME = 100;

/** What the replica of a user needs, in a page of the hub. The session's cookie goes with each request. */
export function browserPorts(userId: string): ReplicaDependencies {
  return {
    userId,
    left: takeCopy(userId),
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

/** Tells the replica of the browser's network and of the page's visibility, and keeps what it leaves. Answers how to stop. */
export function watchBrowser(replica: Replica): () => void {
  const watch = new AbortController();
  const options = { signal: watch.signal };
  const look = () => replica.setVisible(document.visibilityState === 'visible');
  window.addEventListener('online', () => replica.networkIsBack(), options);
  window.addEventListener('offline', () => replica.networkIsGone(), options);
  document.addEventListener('visibilitychange', look, options);
  window.addEventListener('pagehide', () => keepCopy(replica.leave(version())), options);
  look();
  return () => watch.abort();
}

/** Where a page leaves its lists for the next one of the same tab. It is nowhere else, and goes with the tab. */
const COPY = 'umi.copy';

/** Nobody is signed in: the next one must find nothing. */
export const forgetCopy = (): void => sessionStorage.removeItem(COPY);

/** Takes what the page before has left of a user's lists. What another user has left is gone, too. */
function takeCopy(userId: string): ReplicaDependencies['left'] {
  const text = sessionStorage.getItem(COPY);
  forgetCopy();
  return readCopy(text, { version: version(), user_id: userId });
}

function keepCopy(text: string | null): void {
  if (text === null) return;
  try {
    sessionStorage.setItem(COPY, text);
  } catch {
    // A full browser keeps none: the next page reads its lists.
  }
}

/** The name of the program's file has the digest of what is in it. */
const version = (): string => document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.src ?? '';

const call: CallHub = async ({ path, ...what }) => {
  const { response, body } = await ask(path, what);
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
