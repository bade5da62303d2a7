import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState,
} from 'react';
import './picker.css';

/** What the field of a text needs of a list: the list takes keys while the field keeps the focus. */
export type PickerKeys = {
  /** Answers whether the key was for the list. */
  press(event: KeyboardEvent): boolean;
};

/** What a list gets of the field that it belongs to (use-picker.tsx). */
export type PickerField = {
  keys: RefObject<PickerKeys | null>;
  query: string;
  /** What is written beside the query. */
  rest: string;
  /** Puts a text in the place of what was typed. */
  onPick: (text: string) => void;
  onClose: () => void;
  /** Tells the field which option is marked; null for none. */
  onMark: (optionId: string | null) => void;
};

type Props<Item extends { id: string }> = {
  field: PickerField;
  label: string;
  /** Those that fit the query, the best one first. */
  fitting: readonly Item[];
  textOf: (item: Item) => string;
  draw: (item: Item) => ReactNode;
  /** What stands in the place of no options; null when there is no list then. */
  none: string | null;
  children?: ReactNode;
};

/** A list to choose from, by mouse or by the keys of the field below it. `children`: what stands at its foot. */
export function Picker<Item extends { id: string }>({
  field,
  label,
  fitting,
  textOf,
  draw,
  none,
  children,
}: Props<Item>) {
  const { keys, query, onPick, onClose, onMark } = field;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [marked, setMarked] = useState(0);
  const index = Math.min(marked, fitting.length - 1);
  const optionId = index < 0 ? null : `${id}-${fitting[index]?.id}`;

  useEffect(() => onMark(optionId), [optionId, onMark]);
  useEffect(() => () => onMark(null), [onMark]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another query begins at its best option
  useEffect(() => setMarked(0), [query]);
  useEffect(() => {
    if (optionId !== null) list.current?.querySelector(`[id="${optionId}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [optionId]);

  useImperativeHandle(keys, () => ({
    press({ key, shiftKey }) {
      const item = fitting[index];
      if (item === undefined && none === null) return false;
      if (key === 'Escape') onClose();
      else if (item === undefined) return false;
      else if (key === 'ArrowDown') setMarked((index + 1) % fitting.length);
      else if (key === 'ArrowUp') setMarked((index + fitting.length - 1) % fitting.length);
      else if ((key === 'Enter' || key === 'Tab') && !shiftKey) onPick(textOf(item));
      else return false;
      return true;
    },
  }));

  if (fitting.length === 0 && none === null) return null;
  return (
    <div className="picker">
      {fitting.length === 0 ? (
        <p className="picker-none muted">{none}</p>
      ) : (
        <div ref={list} className="picker-list" role="listbox" aria-label={label}>
          {fitting.map((item, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list are those of the field
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and names the marked option
            <div
              key={item.id}
              id={`${id}-${item.id}`}
              role="option"
              aria-selected={place === index}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => onPick(textOf(item))}
            >
              {draw(item)}
            </div>
          ))}
        </div>
      )}
      <div className="picker-foot">
        <p className="muted">
          <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd> insert · <kbd>Esc</kbd> close
        </p>
        {children}
      </div>
    </div>
  );
}
