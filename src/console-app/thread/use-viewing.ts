import { useEffect, useRef } from 'react';
import { useDesk } from '../desk/desk.tsx';
import { call } from '../hub/call.ts';
import type { Viewer } from '../replica/known.ts';

/** A view counts for 30 s, so it is said again after this time (ms). */
const SAID_EVERY = 20_000;
/** Who opens a chat looks at it after this time (ms): keys lead past chats, and the chat is to be painted first. */
const LOOKS_AFTER = 250;
/** Who has not touched anything for so long (ms) does not look. */
const LOOKS_FOR = 2 * 60_000;

/** Says that the user looks at a chat while it is on the page. `path`: of the chat. `isLive`: the hub can be reached. */
export function useViewing(chatId: string, path: string, isLive: boolean): void {
  const { replica } = useDesk();
  const latest = useRef(path);
  latest.current = path;

  useEffect(() => {
    if (!isLive) return;
    const watch = new AbortController();
    let touchedAt = Date.now();
    let isSaid = false;

    async function say(): Promise<void> {
      isSaid = true;
      const answer = await call<{ viewers: Viewer[] }>(`${latest.current}/view`, { method: 'PUT' });
      if (!answer.ok || watch.signal.aborted) return;
      for (const viewer of answer.body.viewers) replica.tell('viewers', chatId, viewer.user_id, viewer);
    }
    /** Once: then it counts no longer. */
    async function unsay(): Promise<void> {
      if (!isSaid) return;
      isSaid = false;
      await call(`${latest.current}/view`, { method: 'DELETE' });
    }
    function look(): void {
      const looks = !document.hidden && Date.now() - touchedAt < LOOKS_FOR;
      (looks ? say() : unsay()).catch(reportError);
    }
    function touched(): void {
      const wasAway = !isSaid;
      touchedAt = Date.now();
      if (wasAway && !document.hidden) look();
    }

    let repeated: ReturnType<typeof setInterval> | undefined;
    const begun = setTimeout(() => {
      look();
      repeated = setInterval(look, SAID_EVERY);
      document.addEventListener('visibilitychange', look, { signal: watch.signal });
      for (const event of ['pointermove', 'keydown']) addEventListener(event, touched, { signal: watch.signal });
    }, LOOKS_AFTER);
    return () => {
      watch.abort();
      clearTimeout(begun);
      clearInterval(repeated);
      unsay().catch(reportError);
    };
  }, [replica, chatId, isLive]);
}
