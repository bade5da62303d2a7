import type { NestedUser } from '../../resources/user.ts';
import { type Answer, call } from './call.ts';

/** Who is signed in. Scopes decide which screens there are. */
export type Session = {
  readonly user: NestedUser;
  /** `console`: what this program keeps there. */
  readonly preferences: { readonly console: unknown };
  readonly organization_id: string;
  /** The rooms that reach the user. */
  readonly rooms: readonly { readonly id: string; readonly name: string }[];
  readonly scopes: readonly string[];
  /** What the lists of tokens call the session. */
  readonly token_id: string;
  readonly expires_at: string;
};

/** A person of the demo, as whom one may sign in with one click. */
export type DemoUser = { readonly id: string; readonly name: string };

export type Credential = { token: string } | { code: string } | { demo_user_id: string };

const SESSION = '/api/v5/session';

/** Null when nobody is signed in. */
export const readSession = (): Promise<Answer<Session | null>> => call<Session | null>(SESSION);

export const signIn = (credential: Credential): Promise<Answer<Session>> =>
  call<Session>(SESSION, { method: 'POST', body: credential });

export const signOut = (): Promise<Answer<null>> => call<null>(SESSION, { method: 'DELETE' });

/** The names by which a hub with a demo can be reached. */
const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/;

/** `is_complete`: false while more of them are made. */
export type Demo = { readonly users: readonly DemoUser[]; readonly is_complete: boolean };

const NO_DEMO: Demo = { users: [], is_complete: true };

/** The people of the demo. Only a hub that `npm start` runs has any. */
export async function readDemo(): Promise<Demo> {
  if (!LOOPBACK.test(location.hostname)) return NO_DEMO;
  const answer = await call<Demo>(`${SESSION}/demo`);
  return answer.ok ? answer.body : NO_DEMO;
}

/** In a demo: a visitor writes a message through a channel. */
export const sendTestMessage = (): Promise<Answer<unknown>> =>
  call<unknown>(`${SESSION}/demo/message`, { method: 'POST', body: {} });

const OWNER = 'umi.user';

/**
 * Calls back when another tab signs somebody else in. All tabs share one cookie, so from then on the hub refuses what this
 * page asks for `userId`. Answers how to stop.
 */
export function watchSessionOwner(userId: string, onOther: () => void): () => void {
  try {
    localStorage.setItem(OWNER, userId);
  } catch {
    // A full browser tells the other tabs nothing.
  }
  const listener = ({ key, newValue }: StorageEvent) => {
    if (key === OWNER && newValue !== null && newValue !== userId) onOther();
  };
  addEventListener('storage', listener);
  return () => removeEventListener('storage', listener);
}
