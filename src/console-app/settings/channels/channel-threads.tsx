import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { channelThreadResource } from '../../../resources/channel-thread.ts';
import { call } from '../../hub/call.ts';
import { ConfirmButton } from '../../records/confirm-button.tsx';
import { type Collection, useCollection, useRecord } from '../../records/read.ts';
import { RecordPart } from '../../records/record-page.tsx';
import { RecordTable } from '../../records/record-table.tsx';
import { wholeTimeOf } from '../../words/times.ts';

type Thread = ReturnType<typeof channelThreadResource>;

/** The conversations of a channel, newest first. */
export function ChannelThreads({ path, channelId }: { path: string; channelId: string }) {
  const [wanted, setWanted] = useState('');
  const all = useCollection<Thread>(`${path}/threads`);
  const one = useOne(wanted === '' ? null : `${path}/threads/${encodeURIComponent(wanted)}`);
  const threads = wanted === '' ? all : one;
  // The list follows the hub within a second. What one has closed oneself is shown at once.
  const [closed, setClosed] = useState<readonly string[]>([]);
  const isEnded = ({ is_ended, current_chat_id }: Thread) => is_ended || closed.includes(current_chat_id);
  return (
    <RecordPart
      title="Threads"
      about="Your program names them. Each has one open chat at most."
      actions={
        <button type="button" className="button small" onClick={threads.again}>
          Read again
        </button>
      }
    >
      <form
        className="pick"
        onSubmit={(event) => {
          event.preventDefault();
          const typed = new FormData(event.currentTarget).get('thread');
          setWanted(typeof typed === 'string' ? typed.trim() : '');
        }}
      >
        <input className="field" type="search" name="thread" aria-label="Thread" placeholder="Its whole name" />
        <button type="submit" className="button">
          Find
        </button>
      </form>
      <RecordTable
        caption="Threads"
        collection={threads}
        keyOf={({ mapping_id }) => mapping_id}
        empty={wanted === '' ? 'Nothing has come through this channel yet.' : 'There is no such thread.'}
        columns={[
          { name: 'Thread', cell: ({ thread_id }) => thread_id },
          {
            name: 'Chat',
            cell: (thread) => (
              <Link
                to="/inbox/$view/$chatId"
                params={{ view: isEnded(thread) ? 'closed' : 'open', chatId: thread.current_chat_id }}
                search={{}}
              >
                {isEnded(thread) ? 'Ended' : 'Open'}
              </Link>
            ),
          },
          {
            name: 'Webhooks',
            cell: ({ thread_id }) => (
              <Link to="/deliveries" search={{ receiver: channelId, thread: thread_id }}>
                Deliveries<span className="hidden-text"> of {thread_id}</span>
              </Link>
            ),
          },
          { name: 'Last activity', cell: ({ last_activity_at }) => wholeTimeOf(last_activity_at) },
          {
            name: 'Actions',
            cell: (thread) =>
              isEnded(thread) ? null : (
                <ConfirmButton
                  label={
                    <>
                      Close<span className="hidden-text"> {thread.thread_id}</span>
                    </>
                  }
                  isSmall
                  title={`Close the chat of “${thread.thread_id}”?`}
                  confirm="Close the chat"
                  onConfirm={() =>
                    call(`${path}/close_session`, { method: 'POST', body: { thread_id: thread.thread_id } })
                  }
                  onDone={() => setClosed((before) => [...before, thread.current_chat_id])}
                >
                  The chat ends for all who take part. The customer’s next message opens a new one.
                </ConfirmButton>
              ),
          },
        ]}
      />
    </RecordPart>
  );
}

/** A thread by its name, as a list of one or none. */
function useOne(path: string | null): Collection<Thread> {
  const { resource, isLoading, problem, isMissing, again } = useRecord<Thread>(path);
  const items = resource === null || isMissing ? [] : [resource];
  return { items, isLoading, problem: isMissing ? null : problem, hasMore: false, more: again, again };
}
