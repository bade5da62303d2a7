import { type KeyboardEvent, lazy, type ReactNode, type RefObject, Suspense, useRef, useState } from 'react';
import type { PickerKeys, ReplyFacts } from './reply-picker.tsx';
import { type Choosing, choosingAt, withReply } from './reply-text.ts';

const ReplyPicker = lazy(() => import('./reply-picker.tsx'));

type Field = {
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  facts: ReplyFacts;
  /** Puts a text into the field, and selects a part of it. */
  onText: (text: string, selection: readonly [number, number]) => void;
};

export type Replies = {
  /** The list, above the field; null while nothing is chosen. */
  readonly list: ReactNode;
  /** The option that the field must name as the marked one. */
  readonly optionId: string | null;
  /** Whether a key in the field was for the list. */
  press(event: KeyboardEvent): boolean;
  /** The text has changed, or the caret has moved. */
  look(text: string, caret: number): void;
  /** Opens the list at the caret, or closes it. */
  toggle(): void;
};

/** Canned replies in the field of the answer: by a `/` at the start of a line, or by a button. */
export function useReplies({ area, text, facts, onText }: Field): Replies {
  const keys = useRef<PickerKeys>(null);
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const [isByButton, setByButton] = useState(false);
  const [optionId, setOptionId] = useState<string | null>(null);
  /** Where somebody has closed the list: what begins there is a text like any other. */
  const closedAt = useRef<number | null>(null);

  function close(): void {
    setChoosing(null);
    setByButton(false);
  }

  function pick(reply: string): void {
    if (choosing === null) return;
    const next = withReply(text, choosing, reply);
    close();
    onText(next.text, next.selection);
  }

  return {
    optionId: choosing === null ? null : optionId,
    press: (event) => choosing !== null && (keys.current?.press(event) ?? false),
    look(next, caret) {
      if (!isByButton || choosing === null) {
        const begun = choosingAt(next, caret);
        if (begun === null) closedAt.current = null;
        return setChoosing(begun?.from === closedAt.current ? null : begun);
      }
      // What is typed after the button was pressed is what is looked for.
      const query = next.slice(choosing.from, caret);
      if (caret < choosing.from || query.includes('\n')) close();
      else setChoosing({ ...choosing, to: caret, query: query.toLowerCase() });
    },
    toggle() {
      const at = area.current?.selectionStart ?? text.length;
      area.current?.focus();
      if (choosing !== null) return close();
      setByButton(true);
      setChoosing({ from: at, to: at, query: '' });
    },
    list:
      choosing === null ? null : (
        <Suspense fallback={null}>
          <ReplyPicker
            keys={keys}
            query={choosing.query}
            facts={facts}
            text={(text.slice(0, choosing.from) + text.slice(choosing.to)).trim()}
            onPick={pick}
            onClose={() => {
              closedAt.current = choosing.from;
              close();
            }}
            onMark={setOptionId}
          />
        </Suspense>
      ),
  };
}
