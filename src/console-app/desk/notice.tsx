import { useEffect, useRef } from 'react';
import { withoutDirectionMarks } from '../words/names.ts';

/** What has been done, and what may be done about it. */
export type Notice = {
  readonly text: string;
  readonly action: {
    readonly name: string;
    /** Whether it takes back what was done: then Ctrl+Z does it too. */
    readonly isUndo: boolean;
    readonly run: () => void;
  } | null;
};

/** So long (ms) a notice stays, unless the keys are at its buttons. */
const STAYS = 10_000;

/** A line at the foot of the page that goes by itself. */
export function NoticeBar({ notice, onGone }: { notice: Notice; onGone: () => void }) {
  const { text, action } = notice;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const gone = useRef(onGone);
  gone.current = onGone;

  function stay(): void {
    clearTimeout(timer.current);
  }
  function pass(): void {
    stay();
    timer.current = setTimeout(() => gone.current(), STAYS);
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: each notice has its own time
  useEffect(() => {
    pass();
    return stay;
  }, [notice]);
  useEffect(() => {
    if (action === null || !action.isUndo) return;
    function pressed(event: KeyboardEvent): void {
      const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'z';
      // In a field the browser takes back what was typed.
      if (!isUndo || event.defaultPrevented || isField(event.target)) return;
      event.preventDefault();
      action?.run();
      gone.current();
    }
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [action]);

  return (
    <div className="notice" role="status" onFocus={stay} onBlur={pass}>
      <span>{withoutDirectionMarks(text)}</span>
      {action === null ? null : (
        <button
          type="button"
          className="button small"
          onClick={() => {
            action.run();
            onGone();
          }}
        >
          {action.name} {action.isUndo ? <kbd>Ctrl+Z</kbd> : null}
        </button>
      )}
      <button type="button" className="button quiet small" aria-label="Hide this notice" onClick={onGone}>
        ✕
      </button>
    </div>
  );
}

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
