import { type KeyboardEvent, type RefObject, useEffect, useId, useImperativeHandle, useRef, useState } from 'react';
import type { cannedReplyResource } from '../../resources/canned-reply.ts';
import { useDesk } from '../desk/desk.tsx';
import { useChoices } from '../records/read.ts';
import { filledIn, fittingReplies } from './reply-text.ts';
import { SaveReply } from './save-reply.tsx';
import './reply-picker.css';

type Reply = ReturnType<typeof cannedReplyResource>;

/** What a reply is filled in with: names, and where the visitor's variables are (null: nowhere). */
export type ReplyFacts = {
  readonly names: ReadonlyMap<string, string>;
  readonly variables: string | null;
};

/** What the field of the answer needs of the list: the list takes keys while the field keeps the focus. */
export type PickerKeys = {
  /** Answers whether the key was for the list. */
  press(event: KeyboardEvent): boolean;
};

type Props = {
  keys: RefObject<PickerKeys | null>;
  query: string;
  facts: ReplyFacts;
  /** What is written beside it. */
  text: string;
  onPick: (message: string) => void;
  onClose: () => void;
  /** Tells the field which option is marked; null for none. */
  onMark: (optionId: string | null) => void;
};

/** A list of canned replies to choose from, by mouse or by the keys of the field below it. */
export default function ReplyPicker({ keys, query, facts, text, onPick, onClose, onMark }: Props) {
  const { session } = useDesk();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const path = `/api/v5/orgs/${session.organization_id}/canned_replies`;
  const replies = useChoices<Reply>(path);
  const variables = useChoices<{ key: string; value: string }>(facts.variables);
  const fitting = fittingReplies(replies, query);
  const [marked, setMarked] = useState(0);
  const index = Math.min(marked, fitting.length - 1);
  const optionId = index < 0 ? null : `${id}-${fitting[index]?.id}`;

  useEffect(() => onMark(optionId), [optionId, onMark]);
  useEffect(() => () => onMark(null), [onMark]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another query begins at its best reply
  useEffect(() => setMarked(0), [query]);
  useEffect(() => {
    if (optionId !== null) list.current?.querySelector(`[id="${optionId}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [optionId]);

  function pick({ message }: Reply): void {
    const known = variables.map(({ key, value }) => [key, value] as const);
    onPick(filledIn(message, new Map([...known, ...facts.names])));
  }

  useImperativeHandle(keys, () => ({
    press({ key, shiftKey }) {
      const reply = fitting[index];
      if (key === 'Escape') onClose();
      else if (reply === undefined) return false;
      else if (key === 'ArrowDown') setMarked((index + 1) % fitting.length);
      else if (key === 'ArrowUp') setMarked((index + fitting.length - 1) % fitting.length);
      else if ((key === 'Enter' || key === 'Tab') && !shiftKey) pick(reply);
      else return false;
      return true;
    },
  }));

  return (
    <div className="replies">
      {fitting.length === 0 ? (
        <p className="replies-none muted">
          {replies.length === 0 ? 'There are no canned replies yet.' : `No reply fits “${query}”.`}
        </p>
      ) : (
        <div ref={list} className="replies-list" role="listbox" aria-label="Canned replies">
          {fitting.map((reply, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the list are those of the field
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and names the marked option
            <div
              key={reply.id}
              id={`${id}-${reply.id}`}
              role="option"
              aria-selected={place === index}
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => pick(reply)}
            >
              <span className="reply-name">/{reply.shortcut}</span>
              <span className="reply-text">{reply.message}</span>
              {reply.visibility === 'user' ? <span className="chip">Yours</span> : null}
            </div>
          ))}
        </div>
      )}
      <div className="replies-foot">
        <p className="muted">
          <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd> insert · <kbd>Esc</kbd> close
        </p>
        {text === '' ? null : <SaveReply path={path} message={text} onDone={onClose} />}
      </div>
    </div>
  );
}
