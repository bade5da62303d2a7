import { useEffect, useState } from 'react';

/** Where the panel has room beside the chat. In narrower windows it lies over it (chat-screen.css). */
const WIDE = '(min-width: 1101px)';

/** Whether the panel about the visitor is open, and how to change that. A window that gets narrow closes it. */
export function usePanel(): [isOpen: boolean, setOpen: (isOpen: boolean) => void] {
  const [isOpen, setOpen] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const wide = matchMedia(WIDE);
    const follow = () => setOpen(wide.matches);
    wide.addEventListener('change', follow);
    return () => wide.removeEventListener('change', follow);
  }, []);
  return [isOpen, setOpen];
}
