import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { Composer } from '../composer/composer.tsx';
import { suggestionsOf } from '../composer/suggestions-of.ts';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { useMinute } from '../desk/ticks.ts';
import { Attention, type Outcome, redeliverMessage, takeChat } from '../hub/chat-actions.ts';
import { ServerDraft } from '../hub/server-draft.ts';
import type { InboxRow, Thread } from '../replica/known.ts';
import { withoutEchoes } from '../replica/outbox.ts';
import { VisitorPanel } from '../visitor/visitor-panel.tsx';
import { ChatHeader } from './chat-header.tsx';
import { linesOf } from './lines.ts';
import { MessageLog } from './message-log.tsx';
import { TagList } from './tag-list.tsx';
import './chat-screen.css';

const HandOver = lazy(() => import('./hand-over.tsx'));

type Props = {
  chatId: string;
  isPanelOpen: boolean;
  onPanel: (isOpen: boolean) => void;
  onBack: () => void;
};

/** Longest answers, in characters: in a channel's chat, and in others (docs/api.md). */
const LONGEST = { channel: 100_000, other: 2_000 } as const;

/** A chat with everything that belongs to it. Mounted anew for each chat. */
export function ChatScreen({ chatId, isPanelOpen, onPanel, onBack }: Props) {
  const { session, userId, complain } = useDesk();
  const state = useReplica();
  const navigate = useNavigate();
  const row = state.known.rows.get(chatId);
  const thread = state.known.threads.get(chatId);
  const load = state.threadLoads.get(chatId);
  const tell = (outcome: Outcome) => {
    if (outcome !== null) complain(outcome);
  };

  if (load?.is === 'failed' && load.status === 404) return <Gone onBack={onBack} />;
  if (row === undefined) return <p className="chat-empty muted">{load?.is === 'failed' ? load.reason : ''}</p>;
  const isMember = row.own.is_participating;
  const chatPath = `/api/v5/users/${userId}/${isMember ? 'chats' : 'routed_chats'}/${chatId}`;
  return (
    <div className={isPanelOpen ? 'chat has-panel' : 'chat'}>
      <section className="chat-main" aria-label="Chat">
        <ChatHeader row={row} onOutcome={tell} onBack={onBack} isPanelOpen={isPanelOpen} onPanel={onPanel} />
        {thread === undefined ? (
          <p className="chat-empty muted" role="status">
            {load?.is === 'failed' ? load.reason : ''}
          </p>
        ) : (
          <Conversation row={row} thread={thread} />
        )}
        {isMember || row.chat.is_ended ? null : (
          <JoinBar key={String(row.chat.is_pending)} row={row} onOutcome={tell} />
        )}
        {row.chat.is_ended ? (
          <p className="composer-closed muted">
            This chat has ended. The next message of the visitor begins a new one.
          </p>
        ) : null}
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys */}
      <aside className="chat-panel" aria-label="Visitor" tabIndex={0}>
        <VisitorPanel
          row={row}
          userId={userId}
          organizationId={session.organization_id}
          memberships={[...(thread?.memberships.values() ?? [])]}
          handOver={
            isMember && !row.chat.is_ended ? (
              <Suspense
                fallback={
                  <button type="button" className="button small" disabled>
                    Hand over
                  </button>
                }
              >
                <HandOver chatId={chatId} onOutcome={tell} />
              </Suspense>
            ) : null
          }
          tags={<TagList tags={row.tags} chatPath={chatPath} canChange={isMember} onProblem={complain} />}
          onOpenChat={(other) =>
            navigate({ to: '/inbox/$view/$chatId', params: { view: 'closed', chatId: other }, search: {} })
          }
        />
      </aside>
    </div>
  );
}

/** So long (ms) the button does nothing after it has come: it may have come under a finger that meant the one before. */
const SETTLING = 400;

/** Offers to answer a chat in which one does not take part. Mounted anew when the chat stops waiting, or waits again. */
function JoinBar({ row, onOutcome }: { row: InboxRow; onOutcome: (outcome: Outcome) => void }) {
  const { userId, replica } = useDesk();
  const [isSettled, setSettled] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const isWaiting = row.chat.is_pending;

  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), SETTLING);
    return () => clearTimeout(timer);
  }, []);

  async function join(): Promise<void> {
    setBusy(true);
    onOutcome(await takeChat(replica, userId, row));
    setBusy(false);
  }

  return (
    <div className="composer-closed">
      <p className="muted">{isWaiting ? 'This visitor waits for an answer.' : 'You only look at this chat.'}</p>
      <button type="button" className="button primary" disabled={isBusy || !(isSettled || isWaiting)} onClick={join}>
        {isWaiting ? 'Take the chat' : 'Join the chat'} <kbd>t</kbd>
      </button>
    </div>
  );
}

/** The draft stays in the composer. */
function focusRow(chatId: string): void {
  const row = document.querySelector<HTMLElement>(`.list-link[data-chat="${chatId}"]`);
  if (row === null) (document.activeElement as HTMLElement | null)?.blur();
  else row.focus();
}

function Gone({ onBack }: { onBack: () => void }) {
  return (
    <div className="chat-empty">
      <p>This chat is no longer yours to see.</p>
      <button type="button" className="button" onClick={onBack}>
        Back to the list
      </button>
    </div>
  );
}

function Conversation({ row, thread }: { row: InboxRow; thread: Thread }) {
  const { userId, replica, complain } = useDesk();
  const { outbox, live, missed } = useReplica();
  const chatId = row.chat.id;
  const minute = useMinute();
  const [returned, setReturned] = useState<{ key: string; text: string } | null>(null);
  const [isAtBottom, setAtBottom] = useState(true);
  const [attention] = useState(() => new Attention(userId, chatId));
  const [serverDraft] = useState(() => new ServerDraft(userId, chatId, row.draft !== null));
  const isMember = row.own.is_participating && !row.chat.is_ended;
  const newest = thread.messages.at(-1)?.created_at;
  const isSeen = useIsSeen() && isAtBottom;
  const mark = missed.get(chatId) ?? null;

  const entries = useMemo(() => outbox.filter((entry) => entry.chat_id === chatId), [outbox, chatId]);
  const lines = useMemo(
    () => linesOf(withoutEchoes(thread, entries, userId), thread.older !== null, entries, mark, minute),
    [thread, entries, userId, mark, minute],
  );
  const suggestions = useMemo(() => suggestionsOf(thread), [thread]);
  const typing = [...thread.memberships.values()]
    .filter(({ member_id, composing_status }) => member_id !== userId && composing_status === 'typing')
    .map(({ member_name, member_type }) => member_name ?? (member_type === 'visitor' ? 'The visitor' : 'Somebody'));

  useEffect(() => attention.setOver(!isMember), [attention, isMember]);
  useEffect(() => {
    if (isMember && isSeen && newest !== undefined && newest > (row.own.last_seen_at ?? '')) attention.seen(newest);
  }, [isMember, isSeen, newest, row.own.last_seen_at, attention]);
  useEffect(
    () => () => {
      attention.end();
      replica.forgetMissed(chatId);
    },
    [attention, replica, chatId],
  );

  const redeliver = useCallback(
    async (messageId: string) => {
      const problem = await redeliverMessage(userId, chatId, messageId);
      if (problem !== null) complain(problem);
    },
    [userId, chatId, complain],
  );

  function edit(key: string): void {
    const entry = replica.discard(key);
    if (entry !== null) setReturned({ key, text: entry.content.message });
  }

  return (
    <>
      <MessageLog
        lines={lines}
        userId={userId}
        isOffline={live.is !== 'live'}
        hasOlder={thread.older !== null}
        typing={typing}
        onOlder={() => replica.loadOlder(chatId)}
        onBottom={setAtBottom}
        onRedeliver={redeliver}
        onRetry={(key) => replica.retry(key)}
        onEdit={edit}
        onDiscard={(key) => replica.discard(key)}
      />
      {isMember ? (
        <Composer
          userId={userId}
          chatId={chatId}
          isMail={/mail/i.test(row.channel?.messaging_channel ?? '')}
          longest={row.channel === null ? LONGEST.other : LONGEST.channel}
          suggestions={suggestions}
          returned={returned}
          serverDraft={serverDraft}
          onSend={(content) => replica.send(chatId, content)}
          onTyping={(isTyping) => attention.typing(isTyping)}
          onLeave={() => focusRow(chatId)}
        />
      ) : null}
    </>
  );
}

/** Whether somebody can see the page: it is in view, and the window has the focus. */
function useIsSeen(): boolean {
  const [isSeen, setSeen] = useState(() => !document.hidden && document.hasFocus());
  useEffect(() => {
    const look = () => setSeen(!document.hidden && document.hasFocus());
    for (const event of ['focus', 'blur']) addEventListener(event, look);
    document.addEventListener('visibilitychange', look);
    return () => {
      for (const event of ['focus', 'blur']) removeEventListener(event, look);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return isSeen;
}
