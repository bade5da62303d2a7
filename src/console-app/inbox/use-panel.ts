import { useEffect, useState } from 'react';

/** Where the panel lies over the chat, as in chat-screen.css. */
const NARROW = '(max-width: 68.75em)';

/** Whether the panel about the visitor is open, and how to change that. A window that gets narrow closes it. */
export function usePanel(): [isOpen: boolean, setOpen: (isOpen: boolean) => void] {
  const [isOpen, setOpen] = useState(() => !matchMedia(NARROW).matches);
  useEffect(() => {
    const narrow = matchMedia(NARROW);
    const follow = () => setOpen(!narrow.matches);
    narrow.addEventListener('change', follow);
    return () => narrow.removeEventListener('change', follow);
  }, []);
  return [isOpen, setOpen];
}
