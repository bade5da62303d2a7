import { useEffect, useState } from 'react';
import { afterBreaks, useDesk } from '../desk/desk.tsx';

/** The page of the hub is asked for so seldom (ms) whether it is still the one that is shown. */
const LOOKED_EVERY = 900_000;

/** Offers a newer version of the console once the hub has one. It never loads by itself: somebody may be writing. */
export function NewVersion() {
  const { replica } = useDesk();
  const [isThere, setThere] = useState(false);

  useEffect(() => {
    const look = () => {
      if (document.hidden) return;
      hasNewVersion().then((isNew) => isNew && setThere(true), reportError);
    };
    const timer = setInterval(look, LOOKED_EVERY);
    const unwatch = afterBreaks(replica, look);
    return () => {
      clearInterval(timer);
      unwatch();
    };
  }, [replica]);

  if (!isThere) return null;
  return (
    <p className="new-version" role="status">
      A new version is here. What you have written stays.{' '}
      <button type="button" className="button small" onClick={() => location.reload()}>
        Load it
      </button>
    </p>
  );
}

/** Whether the hub's page names another program than this one. The name of a file has the digest of what is in it. */
async function hasNewVersion(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"][src]');
  try {
    const response = await fetch('/console/', { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
    if (own === null || !response.ok) return false;
    return !(await response.text()).includes(new URL(own.src).pathname);
  } catch {
    // The hub is away again.
    return false;
  }
}
