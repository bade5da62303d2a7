import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { chatPath, type Outcome } from '../hub/chat-actions.ts';
import { ChatHeader } from './chat-header.tsx';
import { Conversation } from './conversation.tsx';
import { TagList } from './tag-list.tsx';
import { NotAnswering } from './writing-place.tsx';
import './chat-screen.css';

const HandOver = lazy(() => import('./hand-over.tsx'));
const VisitorPanel = lazy(() => import('../visitor/visitor-panel.tsx'));

type Props = {
  chatId: string;
  isPanelOpen: boolean;
  onPanel: (isOpen: boolean) => void;
  onBack: () => void;
};

/** A chat with everything that belongs to it. Mounted anew for each chat. */
export function ChatScreen({ chatId, isPanelOpen, onPanel, onBack }: Props) {
  const { userId, complain } = useDesk();
  const navigate = useNavigate();
  const row = useReplica(({ known }) => known.rows.get(chatId));
  const thread = useReplica(({ known }) => known.threads.get(chatId));
  const load = useReplica(({ threadLoads }) => threadLoads.get(chatId));
  const path = useReplica(({ known }) => (row === undefined ? '' : chatPath(userId, row, known.routed)));
  const tell = (outcome: Outcome) => {
    if (outcome !== null) complain(outcome);
  };

  if (load?.is === 'failed' && load.status === 404) return <Gone onBack={onBack} />;
  if (row === undefined) return <p className="chat-empty muted">{load?.is === 'failed' ? load.reason : ''}</p>;
  const isMember = row.own.is_participating;
  return (
    <div className={isPanelOpen ? 'chat has-panel' : 'chat'}>
      <section className="chat-main" aria-label="Chat">
        <ChatHeader row={row} onOutcome={tell} onBack={onBack} isPanelOpen={isPanelOpen} onPanel={onPanel} />
        {thread === undefined ? (
          <>
            <p className="chat-empty muted" role="status">
              {load?.is === 'failed' ? load.reason : ''}
            </p>
            {isMember ? null : (
              <div className="composer">
                <NotAnswering row={row} />
              </div>
            )}
          </>
        ) : (
          <Conversation row={row} thread={thread} />
        )}
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keys */}
      <aside className="chat-panel" aria-label="Visitor" tabIndex={0}>
        <Suspense fallback={null}>
          <VisitorPanel
            row={row}
            thread={thread}
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
            tags={<TagList tags={row.tags} chatPath={path} canChange={isMember} />}
            onOpenChat={(other) =>
              navigate({ to: '/inbox/$view/$chatId', params: { view: 'closed', chatId: other }, search: {} })
            }
          />
        </Suspense>
      </aside>
    </div>
  );
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
