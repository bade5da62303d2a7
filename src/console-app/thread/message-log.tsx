import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { Note } from '../replica/known.ts';
import { withoutDirectionMarks } from '../words/names.ts';
import { Announcements } from './announcements.tsx';
import { CallRecord } from './call-record.tsx';
import { countAfter, heightOf, type Line, withTyping } from './lines.ts';
import { MessageLine, type SendingActions, SendingLine } from './message-line.tsx';
import { NoteLine } from './note-line.tsx';
import './message-log.css';

type Props = {
  lines: readonly Line[];
  userId: string;
  isOffline: boolean;
  hasOlder: boolean;
  /** Whether the notes were read. */
  hasNotes: boolean;
  /** Who is writing, by name. */
  typing: readonly string[];
  onOlder: () => void;
  /** Tells whether the newest message is in view. */
  onBottom: (isAtBottom: boolean) => void;
  onRedeliver: (messageId: string) => void;
  onDeleteNote: (note: Note) => void;
} & SendingActions;

/** So near to the end (px) counts as being there. */
const NEAR = 40;
/** So near to the begin (px) older messages are loaded. */
const EARLY = 1_000;
/** Room above and below the lines, and for what leads to older ones (px). */
const PADDING = 16;
const OLDER = 40;

type Log = Virtualizer<HTMLDivElement, HTMLDivElement>;

/** How large the log was when it was last measured (px). So the next one is drawn with the lines that fit from the start. */
let lastSize = { width: 0, height: 500 };

/**
 * The messages of a chat; only those in view, and some beside them, are in the page. At the end it stays at the end;
 * elsewhere it stays where it is, whatever comes above or below.
 */
export function MessageLog(props: Props) {
  const { typing, onBottom, hasOlder, onOlder } = props;
  const who = typing.join('\n');
  const lines = useMemo(() => withTyping(props.lines, who === '' ? [] : who.split('\n')), [props.lines, who]);
  const frame = useRef<HTMLDivElement>(null);
  const isAtBottom = useRef(true);
  const top = useRef(0);
  const seen = useRef<string | undefined>(undefined);
  const [isAway, setAway] = useState(false);
  /** The lines of the last drawing. */
  const drawn = useRef(lines);
  const keyOf = useCallback((index: number) => lines[index]?.key ?? index, [lines]);

  const log: Log = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => {
      const line = lines[index];
      return line === undefined ? 0 : heightOf(line);
    },
    getItemKey: keyOf,
    overscan: 10,
    // For the frame in which lines come: as long as it holds, each row that is measured costs a look at all lines.
    anchorTo: drawn.current === lines ? 'start' : 'end',
    // It begins at its end, wherever that is.
    initialOffset: Number.MAX_SAFE_INTEGER,
    initialRect: lastSize,
    scrollEndThreshold: NEAR,
    paddingStart: PADDING + (hasOlder ? OLDER : 0),
    paddingEnd: PADDING,
  });

  useLayoutEffect(() => {
    drawn.current = lines;
  }, [lines]);

  // A window that changes its size, or a composer that grows, must not hide the newest message.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      lastSize = { width: element.clientWidth, height: element.clientHeight };
      if (isAtBottom.current) log.scrollToEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [log]);

  // A note may come between the messages, and lines turn out to be higher than they were thought to be.
  const end = lines.at(-1)?.key;
  const height = log.getTotalSize();
  useLayoutEffect(() => {
    if (end !== undefined && height > 0 && isAtBottom.current) log.scrollToEnd();
  }, [log, end, height]);

  // What somebody has written themselves is shown to them.
  const last = lines.findLast(({ is }) => is !== 'typing');
  const sending = last?.is === 'sending' ? last.key : null;
  useLayoutEffect(() => {
    if (sending !== null) log.scrollToEnd();
  }, [log, sending]);

  const lastKey = last?.key;
  useEffect(() => {
    if (isAtBottom.current) seen.current = lastKey;
  }, [lastKey]);

  function scrolled(): void {
    const element = frame.current;
    if (element === null) return;
    const isNear = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    const isMovedUp = element.scrollTop < top.current;
    top.current = element.scrollTop;
    // Only who scrolls up leaves the end. Otherwise lines have grown, or the frame has shrunk.
    if (!isNear && isAtBottom.current && !isMovedUp) {
      log.scrollToEnd();
      return;
    }
    if (isNear) seen.current = lastKey;
    if (isNear !== isAtBottom.current) {
      isAtBottom.current = isNear;
      onBottom(isNear);
      setAway(!isNear);
    }
    if (element.scrollTop < EARLY && hasOlder) onOlder();
  }

  const unseen = isAway ? countAfter(lines, seen.current) : 0;
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
        // Lines come and go while one scrolls. What is new is announced beside the log.
        aria-live="off"
      >
        {lines.length === 0 ? <p className="log-event log-empty">No messages yet</p> : null}
        <div className="log-lines" style={{ height: log.getTotalSize() }}>
          {hasOlder ? (
            <p className="log-older">
              <button type="button" className="button small" onClick={onOlder}>
                Older messages
              </button>
            </p>
          ) : null}
          {log.getVirtualItems().map(({ index, key, start }) => {
            const line = lines[index];
            if (line === undefined) return null;
            return (
              <div
                key={key}
                ref={log.measureElement}
                data-index={index}
                className="log-line"
                style={{ transform: `translateY(${start}px)` }}
              >
                <LogLine
                  line={line}
                  userId={props.userId}
                  isOffline={props.isOffline}
                  onRedeliver={props.onRedeliver}
                  onDeleteNote={props.onDeleteNote}
                  onRetry={props.onRetry}
                  onEdit={props.onEdit}
                  onDiscard={props.onDiscard}
                />
              </div>
            );
          })}
        </div>
      </div>
      <Announcements lines={props.lines} hasNotes={props.hasNotes} userId={props.userId} />
      {unseen === 0 ? null : (
        <button type="button" className="log-new" onClick={() => log.scrollToEnd()}>
          {unseen} new ↓
        </button>
      )}
    </div>
  );
}

type LogLineProps = { line: Line; userId: string } & Pick<Props, 'isOffline' | 'onRedeliver' | 'onDeleteNote'> &
  SendingActions;

/** Not drawn again when the log is scrolled, or its lines are measured. */
const LogLine = memo(function LogLine({ line, userId, ...props }: LogLineProps) {
  switch (line.is) {
    case 'day':
      return <h3 className="log-day">{line.text}</h3>;
    case 'catch_up':
      return <p className="log-catch-up">{line.count} new while you were away</p>;
    case 'event':
      if (line.message.call !== undefined) return <CallRecord message={line.message} call={line.message.call} />;
      return <p className="log-event">{withoutDirectionMarks(line.text)}</p>;
    case 'note':
      return <NoteLine note={line.note} userId={userId} onDelete={props.onDeleteNote} />;
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
    case 'typing':
      return (
        <p className="log-typing">
          <span className="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <bdi>{line.names.join(', ')}</bdi> {line.names.length === 1 ? 'is' : 'are'} writing
        </p>
      );
  }
});
