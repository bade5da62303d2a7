import { useEffect, useMemo, useRef } from 'react';
import type { InboxRow } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';

/** Who points at a row for so long (ms) may be about to open it. */
const MEANT = 60;

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

/** Answers how to cancel. Safari does not tell when it is idle. */
function whenIdle(run: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(run, MEANT);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(run, { timeout: 1_000 });
  return () => cancelIdleCallback(idle);
}
