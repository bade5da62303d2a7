import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useSyncExternalStore } from 'react';
import { chatsWithDraft, watchDrafts } from '../composer/drafts.ts';
import { useDesk, usePreferences, useReplica } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import { type Room, useRooms } from '../desk/rooms.ts';
import type { InboxRow } from '../replica/known.ts';
import type { ViewName, ViewOrder } from '../replica/views.ts';
import { rowsOfView, viewKey } from '../replica/views.ts';
import { ChatScreen } from '../thread/chat-screen.tsx';
import { isOrder, isView, ordersOf, VIEW_WORDS } from '../words/views.ts';
import { useForesight, useReadingAhead } from './foresight.ts';
import { InboxList } from './inbox-list.tsx';
import { ALL_ROOMS, ListHead } from './list-head.tsx';
import { TestMessage } from './test-message.tsx';
import { usePanel } from './use-panel.ts';

/** A view with its chats, and the chat that is open in it. */
export function InboxScreen() {
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  const view: ViewName = isView(params.view) ? params.view : 'waiting';
  const chatId = params.chatId ?? null;
  const [isPanelOpen, setPanelOpen] = usePanel();

  const toList = async () => {
    await navigate({ to: '/inbox/$view', params: { view }, search: (before) => before });
    document.querySelector<HTMLElement>(`.list-link[data-chat="${chatId}"]`)?.focus();
  };
  return (
    <div className={chatId === null ? 'inbox' : 'inbox has-chat'}>
      <InboxSide view={view} chatId={chatId} />
      <div className="inbox-main">
        {chatId === null ? (
          <div className="inbox-none">
            <Icon name="inbox" size={40} />
            <p>Choose a chat from the list.</p>
          </div>
        ) : (
          <ChatScreen key={chatId} chatId={chatId} isPanelOpen={isPanelOpen} onPanel={setPanelOpen} onBack={toList} />
        )}
      </div>
    </div>
  );
}

/** The list of a view, which follows what the replica knows. */
function InboxSide({ view, chatId }: { view: ViewName; chatId: string | null }) {
  const { userId, replica } = useDesk();
  const search: { order?: unknown; room?: string } = useSearch({ strict: false });
  const { orders: usual, room_id: usualRoom } = usePreferences();
  const order = orderIn(view, search.order ?? usual[view]);
  const rooms = useRooms();
  const room_id = roomIn(search.room ?? usualRoom, rooms);
  const query = useMemo(() => ({ view, order, room_id }), [view, order, room_id]);
  const key = viewKey(query);
  const shown = useReplica(({ views }) => views.get(key));
  const rows = useReplica(({ known }) => (shown === undefined ? NO_ROWS : rowsOfView(known, shown)));
  const viewers = useReplica(({ known }) => known.viewers);
  const typing = useReplica(({ known }) => known.typing);
  const outbox = useReplica((state) => state.outbox);
  const isCounted = useReplica(({ counts }) => counts !== null);
  const subscribe = useCallback((listener: () => void) => watchDrafts(listener), []);
  const drafts = useSyncExternalStore(subscribe, () => chatsWithDraft(userId));

  useEffect(() => {
    replica.showView(query);
    return () => replica.hideView(key);
  }, [replica, query, key]);
  const pointAt = useForesight(replica, rows, chatId);
  useReadingAhead(replica, rows, view === 'waiting' ? key : null, shown?.load.is === 'ready' && isCounted);
  useEffect(() => replica.countRoom(room_id), [replica, room_id]);

  const failed = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { chat_id, state } of outbox) {
      if (state.is === 'failed') counts.set(chat_id, (counts.get(chat_id) ?? 0) + 1);
    }
    return counts;
  }, [outbox]);

  return (
    <section className="inbox-side" aria-label={VIEW_WORDS[view].name}>
      <ListHead view={view} order={order} roomId={room_id} rooms={rooms} />
      <InboxList
        view={view}
        order={order}
        rows={rows}
        knownRow={(id) => replica.getState().known.rows.get(id)}
        userId={userId}
        openChatId={chatId}
        drafts={drafts}
        viewers={viewers}
        typing={typing}
        failed={failed}
        isLoading={shown === undefined || shown.load.is === 'loading'}
        problem={shown?.load.is === 'failed' ? shown.load.reason : null}
        hasMore={shown?.next != null}
        onPoint={pointAt}
        onMore={() => replica.loadMore(key)}
        onRetry={() => replica.showView(query)}
      />
      <TestMessage />
    </section>
  );
}

const NO_ROWS: readonly InboxRow[] = [];

function orderIn(view: ViewName, wanted: unknown): ViewOrder {
  const orders = ordersOf(view);
  return isOrder(wanted) && orders.includes(wanted) ? wanted : orders[0];
}

/** The room of the address; null for all. One that no longer reaches the user would show nothing, without a word why. */
function roomIn(wanted: string | null, rooms: readonly Room[]): string | null {
  if (wanted === null || wanted === ALL_ROOMS) return null;
  return rooms.some(({ id }) => id === wanted) ? wanted : null;
}
