import { useCallback, useEffect, useMemo, useState } from 'react';
import { Composer } from '../composer/composer.tsx';
import { suggestionsOf } from '../composer/suggestions-of.ts';
import { useDesk, useReplica } from '../desk/desk.tsx';
import { useMinute } from '../desk/ticks.ts';
import { Attention, chatPath, redeliverMessage } from '../hub/chat-actions.ts';
import { deleteMessage, editMessage, refreshMessage } from '../hub/messages.ts';
import { deleteNote, forgetMention, writeNote } from '../hub/notes.ts';
import { ServerDraft } from '../hub/server-draft.ts';
import { variablesPath } from '../hub/visitors.ts';
import type { InboxRow, Note, Thread } from '../replica/known.ts';
import { type SentFile, withoutEchoes } from '../replica/outbox.ts';
import { type Changing, ChangingContext } from './changing.ts';
import { linesOf } from './lines.ts';
import { MessageLog } from './message-log.tsx';
import { useIsSeen } from './use-is-seen.ts';
import { useViewing } from './use-viewing.ts';
import { NotAnswering, WritingPlace } from './writing-place.tsx';

/** Longest answers, in characters: in a channel's chat, and in others (docs/api.md). */
const LONGEST = { channel: 100_000, other: 2_000 } as const;

/** The texts that are being changed, by user and chat: going to another chat and back loses none. */
const changed = new Map<string, Changing['open']>();

/** What goes back into the field: a message that could not be sent. */
type Returned = { text: string; files: readonly SentFile[] };

/** The messages of a chat, and where one writes. */
export function Conversation({ row, thread }: { row: InboxRow; thread: Thread }) {
  const { session, userId, replica, complain, say } = useDesk();
  const chatId = row.chat.id;
  const outbox = useReplica((state) => state.outbox);
  const isLive = useReplica(({ live }) => live.is === 'live');
  const mark = useReplica(({ missed }) => missed.get(chatId) ?? null);
  const notes = useReplica(({ known }) => known.notes.get(chatId));
  const kept = useReplica(({ known }) => known.drafts.get(chatId)?.message ?? '');
  const path = useReplica(({ known }) => chatPath(userId, row, known.routed));
  const minute = useMinute();
  const [returned, setReturned] = useState<Returned | null>(null);
  const [isAtBottom, setAtBottom] = useState(true);
  const [attention] = useState(() => new Attention(userId, chatId));
  const [serverDraft] = useState(
    () => new ServerDraft(userId, chatId, () => replica.getState().known.drafts.has(chatId)),
  );
  const isMember = row.own.is_participating && !row.chat.is_ended;
  const newest = thread.messages.at(-1)?.created_at;
  const isLooking = useIsSeen();
  const isSeen = isLooking && isAtBottom;

  const entries = useMemo(() => outbox.filter((entry) => entry.chat_id === chatId), [outbox, chatId]);
  const lines = useMemo(
    () =>
      linesOf(
        withoutEchoes(thread, entries, userId),
        thread.older !== null,
        entries,
        mark,
        minute,
        notesBeside(thread, notes),
      ),
    [thread, entries, userId, mark, minute, notes],
  );
  const visitorName = row.visitor?.name ?? null;
  const agentName = thread.memberships.get(userId)?.member_public_name ?? session.user.full_name;
  const variables = variablesPath(session.organization_id, row);
  const replyFacts = useMemo(() => {
    const names: [string, string][] = visitorName === null ? [] : [['visitor_name', visitorName]];
    return { names: new Map([...names, ['agent_name', agentName]]), variables };
  }, [visitorName, agentName, variables]);
  const suggestions = useMemo(() => suggestionsOf(thread), [thread]);
  const typing = [...thread.memberships.values()]
    .filter(({ member_id, composing_status }) => member_id !== userId && composing_status === 'typing')
    .map(({ member_name, member_type }) => member_name ?? (member_type === 'visitor' ? 'The visitor' : 'Somebody'));

  useEffect(() => {
    if (isAtBottom && thread.messages.length > 0) replica.shortenChat(chatId);
  }, [replica, chatId, isAtBottom, thread.messages.length]);
  useEffect(() => attention.setOver(!isMember), [attention, isMember]);
  useEffect(() => {
    if (isMember && isSeen && newest !== undefined && newest > (row.own.last_seen_at ?? '')) attention.seen(newest);
  }, [isMember, isSeen, newest, row.own.last_seen_at, attention]);
  useEffect(
    () => () => {
      attention.end();
      serverDraft.flush();
      replica.forgetMissed(chatId);
    },
    [attention, serverDraft, replica, chatId],
  );

  const { mention } = row;
  useEffect(() => {
    if (mention !== null && isLooking && isLive) forgetMention(replica, userId, chatId).catch(reportError);
  }, [mention, isLooking, isLive, replica, userId, chatId]);

  useViewing(chatId, path, isLive);
  useEffect(() => {
    if (isLive) replica.readNotes(chatId);
  }, [replica, chatId, isLive]);

  const place = `${userId} ${chatId}`;
  const [open, setOpenNow] = useState(() => changed.get(place) ?? null);
  const setOpen = useCallback(
    (next: Changing['open']) => {
      setOpenNow(next);
      if (next === null) changed.delete(place);
      else changed.set(place, next);
    },
    [place],
  );
  const hasChannel = row.channel !== null;
  const longest = hasChannel ? LONGEST.channel : LONGEST.other;
  const changing = useMemo((): Changing => {
    const closed = (outcome: string | null) => {
      if (outcome === null) setOpen(null);
      return outcome;
    };
    return {
      open,
      setOpen,
      hasChannel,
      longest,
      edit: (id, text) => editMessage(replica, userId, chatId, id, text).then(closed),
      remove: (id) => deleteMessage(replica, userId, chatId, id).then(closed),
      refresh: (id) => refreshMessage(replica, path, chatId, id),
    };
  }, [open, setOpen, hasChannel, longest, replica, userId, chatId, path]);
  const removeNote = useCallback(
    async (note: Note) => {
      const problem = await deleteNote(replica, path, note);
      if (problem !== null) return complain(problem);
      const { chat_id, message } = note;
      const mentioned_user_ids = note.mentioned_users.map(({ id }) => id);
      const again = () => writeNote(replica, path, chat_id, { message, mentioned_user_ids }, crypto.randomUUID());
      const run = () => void again().then((outcome) => outcome !== null && complain(outcome), reportError);
      say({ text: 'The note is deleted.', action: { name: 'Undo', isUndo: true, run } });
    },
    [replica, path, complain, say],
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
    if (entry === null) return;
    const { message, attachments = [] } = entry.content;
    setReturned({ text: message, files: attachments });
  }

  return (
    <ChangingContext value={changing}>
      <MessageLog
        lines={lines}
        userId={userId}
        isOffline={!isLive}
        hasOlder={thread.older !== null}
        hasNotes={notes !== undefined}
        typing={typing}
        onOlder={() => replica.loadOlder(chatId)}
        onBottom={setAtBottom}
        onRedeliver={redeliver}
        onDeleteNote={removeNote}
        onRetry={(key) => replica.retry(key)}
        onEdit={isMember ? edit : null}
        onDiscard={(key) => replica.discard(key)}
      />
      <WritingPlace row={row} path={path}>
        {isMember ? (
          <Composer
            userId={userId}
            chatId={chatId}
            isMail={/mail/i.test(row.channel?.messaging_channel ?? '')}
            longest={longest}
            suggestions={suggestions}
            replyFacts={replyFacts}
            returned={returned}
            onReturned={() => setReturned(null)}
            kept={kept}
            serverDraft={serverDraft}
            isOffline={!isLive}
            onSend={(content) => replica.send(chatId, content)}
            onTyping={(isTyping) => attention.typing(isTyping)}
            onLeave={() => focusRow(chatId)}
          />
        ) : (
          <NotAnswering row={row} />
        )}
      </WritingPlace>
    </ChangingContext>
  );
}

/** The notes of the time from which the messages are here. */
function notesBeside({ messages, older }: Thread, notes: ReadonlyMap<string, Note> | undefined): Note[] {
  const from = older === null ? '' : (messages[0]?.created_at ?? '');
  return [...(notes?.values() ?? [])].filter(({ created_at }) => created_at >= from);
}

/** The draft stays in the composer. */
function focusRow(chatId: string): void {
  const row = document.querySelector<HTMLElement>(`.list-link[data-chat="${chatId}"]`);
  if (row === null) (document.activeElement as HTMLElement | null)?.blur();
  else row.focus();
}
