import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { Line } from './lines.ts';
import { MessageLine, type SendingActions, SendingLine } from './message-line.tsx';
import './message-log.css';

type Props = {
  lines: readonly Line[];
  userId: string;
  isOffline: boolean;
  hasOlder: boolean;
  /** Who is writing, by name. */
  typing: readonly string[];
  onOlder: () => void;
  /** Tells whether the newest message is in view. */
  onBottom: (isAtBottom: boolean) => void;
  onRedeliver: (messageId: string) => void;
} & SendingActions;

/** So near to the end (px) counts as being there. */
const NEAR = 40;
/** So near to the begin (px) older messages are loaded. */
const EARLY = 300;

/**
 * The messages of a chat. At the end it stays at the end; elsewhere it stays where it is, whatever comes above or below.
 */
export function MessageLog(props: Props) {
  const { lines, onBottom, hasOlder, onOlder } = props;
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef({ isAtBottom: true, fromEnd: 0, first: '' });
  const [unseen, setUnseen] = useState(0);
  const first = lines.find(({ is }) => is === 'message')?.key ?? '';
  const count = lines.length;
  const countBefore = useRef(count);

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const { isAtBottom, fromEnd } = place.current;
    if (isAtBottom) element.scrollTop = element.scrollHeight;
    else if (place.current.first !== first) element.scrollTop = element.scrollHeight - fromEnd;
    else if (count > countBefore.current) setUnseen((before) => before + count - countBefore.current);
    countBefore.current = count;
    place.current = { ...place.current, first, fromEnd: element.scrollHeight - element.scrollTop };
  }, [first, count]);

  // A window that changes its size, or a composer that grows, must not hide the newest message.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      if (place.current.isAtBottom) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  function scrolled(): void {
    const element = frame.current;
    if (element === null) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    const isAtBottom = below < NEAR;
    if (isAtBottom) setUnseen(0);
    if (isAtBottom !== place.current.isAtBottom) onBottom(isAtBottom);
    place.current = { ...place.current, isAtBottom, fromEnd: element.scrollHeight - element.scrollTop };
    if (element.scrollTop < EARLY && hasOlder) onOlder();
  }

  function toEnd(): void {
    const element = frame.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }

  return (
    <div className="log-place">
      <div
        className="log"
        ref={frame}
        onScroll={scrolled}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys
        tabIndex={0}
        role="log"
        aria-label="Messages"
        aria-live="polite"
      >
        {hasOlder ? (
          <p className="log-note">
            <button type="button" className="button small" onClick={onOlder}>
              Older messages
            </button>
          </p>
        ) : null}
        {lines.length === 0 ? <p className="log-note">No messages yet</p> : null}
        {lines.map((line) => (
          <LogLine key={line.key} {...props} line={line} />
        ))}
        {props.typing.length === 0 ? null : (
          <p className="log-typing" aria-live="off">
            <span className="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {props.typing.join(', ')} {props.typing.length === 1 ? 'is' : 'are'} writing
          </p>
        )}
      </div>
      {unseen === 0 ? null : (
        <button type="button" className="log-new" onClick={toEnd}>
          {unseen} new ↓
        </button>
      )}
    </div>
  );
}

type LogLineProps = { line: Line; userId: string } & Pick<Props, 'isOffline' | 'onRedeliver'> & SendingActions;

function LogLine({ line, userId, ...props }: LogLineProps) {
  switch (line.is) {
    case 'day':
      return <h3 className="log-day">{line.text}</h3>;
    case 'catch_up':
      return <p className="log-catch-up">{line.count} new while you were away</p>;
    case 'note':
      return <p className="log-note">{line.text}</p>;
    case 'message':
      return (
        <MessageLine
          message={line.message}
          isFirst={line.isFirst}
          isOwn={line.message.sender_id === userId}
          onRedeliver={props.onRedeliver}
        />
      );
    case 'sending':
      return (
        <SendingLine
          entry={line.entry}
          isOffline={props.isOffline}
          onRetry={props.onRetry}
          onEdit={props.onEdit}
          onDiscard={props.onDiscard}
        />
      );
  }
}
