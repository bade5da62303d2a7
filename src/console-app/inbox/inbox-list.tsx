import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ComponentProps, memo, useCallback, useEffect, useRef, useState } from 'react';
import { useMinute } from '../desk/ticks.ts';
import type { InboxRow, Known } from '../replica/known.ts';
import type { ViewName, ViewOrder } from '../replica/views.ts';
import { nameOf, viewersOf, writersOf } from '../words/names.ts';
import { VIEW_WORDS } from '../words/views.ts';
import { type FrozenList, holdOrder } from './frozen-order.ts';
import { RowLine } from './row-line.tsx';
import './inbox-list.css';

type Props = {
  view: ViewName;
  order: ViewOrder;
  rows: readonly InboxRow[];
  knownRow: (chatId: string) => InboxRow | undefined;
  userId: string;
  openChatId: string | null;
  drafts: ReadonlySet<string>;
  viewers: Known['viewers'];
  typing: Known['typing'];
  /** The number of failed messages of each chat. */
  failed: ReadonlyMap<string, number>;
  isLoading: boolean;
  problem: string | null;
  hasMore: boolean;
  /** Somebody points at a chat; null: at none any more. */
  onPoint: (chatId: string | null) => void;
  onMore: () => void;
  onRetry: () => void;
};

/** How high a row is, in rem: it grows with the text. */
const ROW_HEIGHT = 5.25;

/** The size (px) of the text that the browser is set to. */
const textSize = () => Number.parseFloat(getComputedStyle(document.documentElement).fontSize);

/** The chats of a view. It moves nothing while somebody points at it. */
export function InboxList(props: Props) {
  const { view, order, rows, knownRow, userId, openChatId, hasMore, onMore, onPoint } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [isHeld, setHeld] = useState(false);
  const { listed, hidden } = useHeldOrder(rows, knownRow, isHeld, `${view}/${order}`);
  const minute = useMinute();
  const [size] = useState(textSize);
  const keyOf = useCallback((index: number) => listed[index]?.row.chat.id ?? index, [listed]);
  const virtual = useVirtualizer({
    count: listed.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_HEIGHT * size,
    getItemKey: keyOf,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasMore && last >= listed.length - 10) onMore();
  }, [hasMore, last, listed.length, onMore]);

  return (
    <div
      className="list-frame"
      ref={frame}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => {
        setHeld(false);
        onPoint(null);
      }}
      onPointerOver={({ target }) =>
        onPoint((target as Element).closest<HTMLElement>('[data-chat]')?.dataset['chat'] ?? null)
      }
    >
      {props.problem === null ? null : (
        <p className="problem list-problem" role="alert">
          {props.problem}{' '}
          <button type="button" className="button small" onClick={props.onRetry}>
            Retry
          </button>
        </p>
      )}
      {hidden === 0 ? null : (
        <button type="button" className="list-new" onClick={() => setHeld(false)}>
          {hidden} new
        </button>
      )}
      {listed.length === 0 ? <EmptyList view={view} isLoading={props.isLoading} /> : null}
      <ul className="list" aria-label={`${VIEW_WORDS[view].name}: chats`} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const each = listed[index];
          if (each === undefined) return null;
          const id = each.row.chat.id;
          return (
            <ListRow
              key={key}
              view={view}
              start={start}
              row={each.row}
              userId={userId}
              isOpen={id === openChatId}
              hasLeft={each.hasLeft}
              hasDraft={props.drafts.has(id)}
              viewers={viewersOf(props.viewers.get(id), userId)}
              writers={writersOf(each.row, props.typing.get(id), userId)}
              failed={props.failed.get(id) ?? 0}
              minute={minute}
            />
          );
        })}
      </ul>
    </div>
  );
}

type RowProps = { view: ViewName; start: number } & ComponentProps<typeof RowLine>;

/** Drawn again only when something of it changes, however the list moves. */
const ListRow = memo(function ListRow({ view, start, ...line }: RowProps) {
  const { row, isOpen } = line;
  return (
    <li style={{ transform: `translateY(${start}px)`, height: `${ROW_HEIGHT}rem` }}>
      <Link
        className="list-link"
        to="/inbox/$view/$chatId"
        params={{ view, chatId: row.chat.id }}
        search={(before) => before}
        data-chat={row.chat.id}
        aria-current={isOpen ? 'true' : undefined}
        title={nameOf(row)}
      >
        <RowLine {...line} />
      </Link>
    </li>
  );
});

function EmptyList({ view, isLoading }: { view: ViewName; isLoading: boolean }) {
  if (!isLoading) return <p className="list-empty">{VIEW_WORDS[view].empty}</p>;
  return (
    <div className="list-skeleton" role="status">
      <span className="hidden-text">Loading chats</span>
      {['first', 'second', 'third', 'fourth'].map((each) => (
        <div key={each} className="skeleton-row" />
      ))}
    </div>
  );
}

/** The rows in the order of the view, or in the order in which they are shown while the list is held. */
function useHeldOrder(
  rows: readonly InboxRow[],
  knownRow: Props['knownRow'],
  isHeld: boolean,
  what: string,
): FrozenList {
  const [shown, setShown] = useState<{ what: string; list: FrozenList; rows: readonly InboxRow[] } | null>(null);
  const isSame = shown !== null && shown.what === what;
  if (isSame && shown.rows === rows && isHeld) return shown.list;
  const list =
    isSame && isHeld && shown.list.listed.length > 0
      ? holdOrder(shown.list.listed, rows, knownRow)
      : { listed: rows.map((row) => ({ row, hasLeft: false })), hidden: 0 };
  if (!isSame || shown.rows !== rows || shown.list.hidden !== list.hidden) setShown({ what, list, rows });
  return list;
}
