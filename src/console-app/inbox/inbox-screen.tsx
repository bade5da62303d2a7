import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { chatsWithDraft, watchDrafts } from '../composer/drafts.ts';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { Icon } from '../desk/icons.tsx';
import type { ViewName, ViewOrder } from '../replica/views.ts';
import { rowsOfView, viewKey } from '../replica/views.ts';
import { ChatScreen } from '../thread/chat-screen.tsx';
import { isOrder, isView, ORDER_WORDS, ordersOf, VIEW_WORDS } from '../words/views.ts';
import { useForesight } from './foresight.ts';
import { InboxList } from './inbox-list.tsx';
import { TestMessage } from './test-message.tsx';

/** A view with its chats, and the chat that is open in it. */
export function InboxScreen() {
  const { userId, replica } = useDesk();
  const state = useReplica();
  const navigate = useNavigate();
  const params = useParams({ strict: false });
  const search: { order?: unknown } = useSearch({ strict: false });
  const view: ViewName = isView(params.view) ? params.view : 'waiting';
  const order = orderIn(view, search.order);
  const chatId = params.chatId ?? null;
  const query = useMemo(() => ({ view, order, room_id: null }), [view, order]);
  const key = viewKey(query);
  const shown = state.views.get(key);
  const rows = useMemo(() => (shown === undefined ? [] : rowsOfView(state.known, shown)), [state.known, shown]);
  const subscribe = useCallback((listener: () => void) => watchDrafts(listener), []);
  const drafts = useSyncExternalStore(subscribe, () => chatsWithDraft(userId));
  const [isPanelOpen, setPanelOpen] = useState(() => innerWidth > 1100);

  useEffect(() => {
    replica.showView(query);
    return () => replica.hideView(key);
  }, [replica, query, key]);
  const pointAt = useForesight(replica, rows, chatId);

  const failed = useMemo(() => {
    const counts = new Map<string, number>();
    for (const { chat_id, state: its } of state.outbox) {
      if (its.is === 'failed') counts.set(chat_id, (counts.get(chat_id) ?? 0) + 1);
    }
    return counts;
  }, [state.outbox]);

  const orders = ordersOf(view);
  const toList = async () => {
    await navigate({ to: '/inbox/$view', params: { view }, search: (before) => before });
    document.querySelector<HTMLElement>(`.list-link[data-chat="${chatId}"]`)?.focus();
  };
  return (
    <div className={chatId === null ? 'inbox' : 'inbox has-chat'}>
      <section className="inbox-side" aria-label={VIEW_WORDS[view].name}>
        <header className="inbox-head">
          <h1>{VIEW_WORDS[view].name}</h1>
          {orders.length === 1 ? null : (
            <select
              className="inbox-order"
              aria-label="Order"
              value={order}
              onChange={(event) =>
                navigate({
                  to: '.',
                  search: event.target.value === orders[0] ? {} : { order: event.target.value as ViewOrder },
                })
              }
            >
              {orders.map((each) => (
                <option key={each} value={each}>
                  {ORDER_WORDS[each]}
                </option>
              ))}
            </select>
          )}
        </header>
        <InboxList
          view={view}
          order={order}
          rows={rows}
          knownRow={(id) => replica.getState().known.rows.get(id)}
          userId={userId}
          openChatId={chatId}
          drafts={drafts}
          viewers={state.known.viewers}
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

function orderIn(view: ViewName, wanted: unknown): ViewOrder {
  const orders = ordersOf(view);
  return isOrder(wanted) && orders.includes(wanted) ? wanted : orders[0];
}
