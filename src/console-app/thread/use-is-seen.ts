import { useEffect, useState } from 'react';

/** Whether somebody can see the page: it is in view, and the window has the focus. */
export function useIsSeen(): boolean {
  const [isSeen, setSeen] = useState(() => !document.hidden && document.hasFocus());
  useEffect(() => {
    const look = () => setSeen(!document.hidden && document.hasFocus());
    for (const event of ['focus', 'blur']) addEventListener(event, look);
    document.addEventListener('visibilitychange', look);
    return () => {
      for (const event of ['focus', 'blur']) removeEventListener(event, look);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return isSeen;
}
