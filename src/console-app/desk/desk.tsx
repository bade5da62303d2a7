import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { watchSignedOut } from '../hub/call.ts';
import { Presence } from '../hub/presence.ts';
import type { Session } from '../hub/session.ts';
import type { Replica } from '../replica/replica.ts';
import type { ReplicaState } from '../replica/store.ts';
import type { Notice } from './notice.tsx';

/** What the screens of a signed-in person share. */
export type Desk = {
  readonly session: Session;
  readonly userId: string;
  readonly replica: Replica;
  readonly presence: Presence;
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

/** What the replica knows. */
export function useReplica(): ReplicaState {
  const { replica } = useDesk();
  return useSyncExternalStore(replica.subscribe, replica.getState);
}

/** Whether the user takes chats: they have not said that they are away. */
export function useAvailable(): boolean {
  const { presence } = useDesk();
  return !useSyncExternalStore(presence.subscribe, presence.isAway);
}

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
  const [replica, setReplica] = useState<Replica | null>(null);
  const [presence, setPresence] = useState<Presence | null>(null);

  useEffect(() => {
    const opened = openReplica(userId);
    const client = new Presence(userId);
    setReplica(opened.replica);
    setPresence(client);
    client.begin().catch(console.error);
    opened.replica.start();
    const unwatch = watchSignedOut(() => opened.replica.signedOut());
    const watch = new AbortController();
    const renew = () => document.hidden || client.renew();
    addEventListener('online', renew, { signal: watch.signal });
    document.addEventListener('visibilitychange', renew, { signal: watch.signal });
    return () => {
      watch.abort();
      unwatch();
      opened.close();
      client.stop();
    };
  }, [userId, openReplica]);

  const desk = useMemo(
    () =>
      replica === null || presence === null
        ? null
        : { session, userId, replica, presence, complain: onComplaint, say: onNotice },
    [session, userId, replica, presence, onComplaint, onNotice],
  );
  if (desk === null) return null;
  return <DeskContext value={desk}>{children}</DeskContext>;
}
