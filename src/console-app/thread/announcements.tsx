import { useEffect, useRef, useState } from 'react';
import { type Heard, heardIn, type Line, newTextsOf } from './lines.ts';

/** So long (ms) a text stays for a screen reader to take it. */
const STAYS = 3_000;

type Props = { lines: readonly Line[]; hasNotes: boolean; userId: string };

/**
 * Says to a screen reader what others write and note while the chat is open. What was there before is not said. `hasNotes`:
 * whether the notes were read.
 */
export function Announcements({ lines, hasNotes, userId }: Props) {
  const heard = useRef<Heard | null>(null);
  const [said, setSaid] = useState<readonly { key: string; text: string }[]>([]);

  useEffect(() => {
    const before = heard.current;
    heard.current = heardIn(lines, hasNotes, before);
    if (before === null) return;
    const texts = newTextsOf(lines, before, userId);
    if (texts.length > 0) setSaid(texts);
  }, [lines, hasNotes, userId]);

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
