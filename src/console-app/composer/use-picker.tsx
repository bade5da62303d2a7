import { type KeyboardEvent, type ReactNode, type RefObject, Suspense, useLayoutEffect, useRef, useState } from 'react';
import type { PickerField, PickerKeys } from './picker.tsx';
import { type Choosing, withReply } from './reply-text.ts';

type Field = {
  area: RefObject<HTMLTextAreaElement | null>;
  text: string;
  onText: (text: string) => void;
  /** Where somebody begins to choose; null when they do not. */
  choosingAt: (text: string, caret: number) => Choosing | null;
  /** The list, which may be loaded when it is opened. */
  draw: (field: PickerField) => ReactNode;
};

export type Picking = {
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

/** A list for the field of a text, whose choice takes the place of what was typed: opened by a sign in it, or by a button. */
export function usePicker({ area, text, onText, choosingAt, draw }: Field): Picking {
  const keys = useRef<PickerKeys>(null);
  const [choosing, setChoosing] = useState<Choosing | null>(null);
  const [isByButton, setByButton] = useState(false);
  const [optionId, setOptionId] = useState<string | null>(null);
  const selection = useRef<readonly [number, number] | null>(null);
  /** Where somebody has closed the list: what begins there is a text like any other. */
  const closedAt = useRef<number | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a selection is made once its text is in the field
  useLayoutEffect(() => {
    if (selection.current === null) return;
    area.current?.focus();
    area.current?.setSelectionRange(...selection.current);
    selection.current = null;
  }, [text]);

  function close(): void {
    setChoosing(null);
    setByButton(false);
  }

  function pick(choice: string): void {
    if (choosing === null) return;
    const next = withReply(text, choosing, choice);
    close();
    selection.current = next.selection;
    onText(next.text);
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
          {draw({
            keys,
            query: choosing.query,
            rest: (text.slice(0, choosing.from) + text.slice(choosing.to)).trim(),
            onPick: pick,
            onClose: () => {
              closedAt.current = choosing.from;
              close();
            },
            onMark: setOptionId,
          })}
        </Suspense>
      ),
  };
}
