import { useEffect, useMemo, useRef } from 'react';
import type { InboxRow } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';

/** Who points at a row for so long (ms) may be about to open it. */
const MEANT = 60;
/** So many of the chats that wait longest are read when a page is at rest. */
const AHEAD = 10;

/**
 * Opens the chat that is shown, and reads beforehand which ones may be opened next: those beside it, to which the keys
 * lead, and the one that somebody points at. Nothing is read because the list changes. Answers what to call with the chat
 * under the pointer; null for none.
 */
export function useForesight(
  replica: Replica,
  rows: readonly InboxRow[],
  chatId: string | null,
): (pointed: string | null) => void {
  const listed = useRef(rows);
  useEffect(() => {
    listed.current = rows;
  }, [rows]);

  useEffect(() => {
    if (chatId === null) return;
    replica.openChat(chatId);
    return whenIdle(() => {
      const place = listed.current.findIndex(({ chat }) => chat.id === chatId);
      if (place === -1) return;
      for (const beside of [listed.current[place - 1], listed.current[place + 1]]) {
        if (beside !== undefined) replica.openChat(beside.chat.id, false);
      }
    });
  }, [replica, chatId]);

  return useMemo(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    return (pointed) => {
      clearTimeout(timer);
      if (pointed !== null) timer = setTimeout(() => replica.openChat(pointed, false), MEANT);
    };
  }, [replica]);
}

/**
 * Reads the first chats of a list, once each time it is opened, while the page is at rest. It reads none because the list
 * changes: each new chat would be a request of each agent. `list`: its key; null for a list of which none is read.
 */
export function useReadingAhead(
  replica: Replica,
  rows: readonly InboxRow[],
  list: string | null,
  isHere: boolean,
): void {
  const listed = useRef(rows);
  useEffect(() => {
    listed.current = rows;
  }, [rows]);
  const ahead = useRef<{ list: string | null; chatIds: readonly string[] }>({ list: null, chatIds: [] });
  useEffect(() => {
    if (ahead.current.list !== list) {
      if (list !== null && !isHere) return;
      ahead.current = { list, chatIds: listed.current.slice(0, AHEAD).map(({ chat }) => chat.id) };
    }
    if (list !== null) return readAhead(replica, ahead.current.chatIds);
  }, [replica, list, isHere]);
}

/** Reads some chats one after another, until one fails, so that what somebody does now comes first. Answers how to cancel. */
function readAhead(replica: Replica, chatIds: readonly string[]): () => void {
  const loadOf = (id: string) => replica.getState().threadLoads.get(id)?.is;
  const id = chatIds.find((each) => loadOf(each) === undefined);
  if (id === undefined) return () => {};
  let cancelNext = () => {};
  const cancelIdle = whenIdle(() => replica.openChat(id, false));
  const unwatch = replica.subscribe(() => {
    if (loadOf(id) !== 'ready') return;
    unwatch();
    cancelNext = readAhead(replica, chatIds);
  });
  return () => {
    cancelIdle();
    unwatch();
    cancelNext();
  };
}

/** Answers how to cancel. Safari does not tell when it is idle. */
function whenIdle(run: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(run, MEANT);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(run, { timeout: 1_000 });
  return () => cancelIdleCallback(idle);
}
