import { useEffect, useRef, useState } from 'react';
import { type Line, newTextsOf } from './lines.ts';

/** So long (ms) a text stays for a screen reader to take it. */
const STAYS = 3_000;

/** Says to a screen reader what others write while the chat is open. What was there before is not said. */
export function Announcements({ lines, userId }: { lines: readonly Line[]; userId: string }) {
  const newest = useRef<string | null>(null);
  const [said, setSaid] = useState<readonly { key: string; text: string }[]>([]);

  useEffect(() => {
    const before = newest.current;
    newest.current = lines.findLast(({ is }) => is === 'message' || is === 'event')?.key ?? '';
    if (before === null) return;
    const texts = newTextsOf(lines, before, userId);
    if (texts.length > 0) setSaid(texts);
  }, [lines, userId]);

  useEffect(() => {
    if (said.length === 0) return;
    const timer = setTimeout(() => setSaid([]), STAYS);
    return () => clearTimeout(timer);
  }, [said]);

  return (
    <div className="hidden-text" aria-live="polite">
      {said.map(({ key, text }) => (
        <p key={key}>{text}</p>
      ))}
    </div>
  );
}
