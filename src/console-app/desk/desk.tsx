import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { watchSignedOut } from '../hub/call.ts';
import { Presence, type PresenceStatus } from '../hub/presence.ts';
import type { Session } from '../hub/session.ts';
import type { Replica } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/store.ts';
import type { Notice } from './notice.tsx';
import { PreferenceStore } from './preference-store.ts';
import type { Preferences } from './preferences.ts';

/** What the screens of a signed-in person share. */
export type Desk = {
  readonly session: Session;
  readonly userId: string;
  readonly replica: Replica;
  readonly presence: Presence;
  readonly preferences: PreferenceStore;
  /** Shows why something was not done. */
  readonly complain: (words: string) => void;
  /** Says what was done. */
  readonly say: (notice: Notice) => void;
};

const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (desk === null) throw new Error('a screen is outside of the desk');
  return desk;
}

/**
 * A part of what the replica knows. What uses it is drawn again only when the part is another one, so `select` must answer
 * the same value as long as nothing of it has changed.
 */
export function useReplica<Part>(select: (state: ReplicaState) => Part): Part {
  const { replica } = useDesk();
  return useSyncExternalStore(replica.subscribe, () => select(replica.getState()));
}

/** Whether the user takes chats, and whether the hub knows. */
export function usePresence(): PresenceStatus {
  const { presence } = useDesk();
  return useSyncExternalStore(presence.subscribe, presence.status);
}

/** How the user likes the console. */
export function usePreferences(): Preferences {
  const { preferences } = useDesk();
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

type Opened = Pick<Desk, 'replica' | 'presence' | 'preferences'>;

type Props = {
  session: Session;
  /** Makes the copy of the hub for a user, and answers how to end it. */
  openReplica: (userId: string) => { replica: Replica; close: () => void };
  onComplaint: (words: string) => void;
  onNotice: (notice: Notice) => void;
  children: ReactNode;
};

/** Keeps the copy of the hub alive as long as somebody is signed in, through breaks and sign-ins. */
export function DeskProvider({ session, openReplica, onComplaint, onNotice, children }: Props) {
  const userId = session.user.id;
  const [opened, setOpened] = useState<Opened | null>(null);
  const kept = useRef(session.preferences.console);

  useEffect(() => {
    const { replica, close } = openReplica(userId);
    const presence = new Presence(userId);
    const preferences = new PreferenceStore(userId, kept.current);
    setOpened({ replica, presence, preferences });
    preferences.start();
    replica.start();
    const unwatch = watchSignedOut(() => replica.signedOut());
    const watch = new AbortController();
    const renew = () => document.hidden || presence.renew();
    const unwatchBreaks = afterBreaks(replica, () => presence.renew());
    addEventListener('online', renew, { signal: watch.signal });
    document.addEventListener('visibilitychange', renew, { signal: watch.signal });
    return () => {
      watch.abort();
      unwatch();
      unwatchBreaks();
      close();
      presence.stop();
      preferences.stop();
    };
  }, [userId, openReplica]);

  // After the effects of the screens, so that what they show is asked for first.
  useEffect(() => {
    opened?.presence.begin().catch(reportError);
  }, [opened]);

  const desk = useMemo(
    () => (opened === null ? null : { session, userId, ...opened, complain: onComplaint, say: onNotice }),
    [session, userId, opened, onComplaint, onNotice],
  );
  if (desk === null) return null;
  return <DeskContext value={desk}>{children}</DeskContext>;
}

/** Calls back each time the socket is there again. Answers how to stop. */
export function afterBreaks(replica: Replica, then: () => void): () => void {
  let isBroken = false;
  return replica.subscribe(() => {
    const { is } = replica.getState().live;
    if (is === 'waiting') isBroken = true;
    if (is !== 'live' || !isBroken) return;
    isBroken = false;
    then();
  });
}
