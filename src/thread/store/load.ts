import type { Command, ReportMessageStatus } from '../../domain/commands.ts';
import { type ChannelTarget, type ThreadEvent, upcastEvent } from '../../domain/events.ts';
import { saltedKey } from '../../domain/fingerprints.ts';
import { withoutPurged } from '../../domain/redaction.ts';
import {
  type ChatState,
  emptyThread,
  type NamedMessage,
  NO_VARIABLE_KEYS,
  type ReceivedBefore,
  type Suggestion,
  type ThreadState,
  type Touched,
} from '../../domain/state.ts';
import { hasTable } from '../../platform/sqlite.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import type { InvitationFacts } from '../../resources/invitation.ts';
import type { MemberFacts } from '../../resources/membership.ts';
import type { ReplySuggestionFacts } from '../../resources/reply-suggestion.ts';
import type { TagFacts } from '../../resources/tag.ts';
import {
  type MessageAdded,
  namedMessage,
  readDeletedFiles,
  readMessage,
  readUnread,
  type StoredMessage,
} from './changed-messages.ts';
import { readChatAt } from './chat-at.ts';
import { afterPurge, messageAfterPurge, readRunningPurge } from './running-purges.ts';
import { loadVariableKeys } from './variable-keys.ts';

/**
 * Loads what an object keeps in memory between commands: its thread with the current chat, the channel's target, the
 * stored audience and the salt.
 */
export function loadThread(
  sql: SqlStorage,
  name: string,
): { state: ThreadState; channelTarget: ChannelTarget | null; audience: string | null; salt: string | null } {
  const row = sql
    .exec<{ facts: string; routing: string | null; audience: string | null; salt: string | null }>(
      'SELECT facts, routing, audience, salt FROM thread',
    )
    .one();
  const last = loadLastEvent(sql);
  const thread = JSON.parse(row.facts) as NonNullable<ThreadState['thread']>;
  const state = { ...emptyThread(name), last_seq: last.seq, last_at: last.at, thread };
  const channelTarget = row.routing === null ? null : (JSON.parse(row.routing) as ChannelTarget);
  const { audience, salt } = row;
  return { state: loadChat(sql, state, thread.current_chat_id), channelTarget, audience, salt };
}

const NONE: ReadonlyMap<string, NamedMessage> = new Map();

/**
 * The state with everything that the command can touch. `answeredAt`: the `seq` of the event that answered this command
 * before.
 */
export function loadForCommand(
  sql: SqlStorage,
  state: ThreadState,
  command: Command,
  answeredAt: number | null,
): ThreadState {
  if (state.thread === null) return state;
  const named = 'chat_id' in command ? command.chat_id : null;
  const place = named === null ? state : loadChat(sql, state, named);
  const answered = answeredAt === null ? null : loadAnswer(sql, answeredAt);
  const loaded = answered === null ? place : loadAnswered(sql, place, answered, command.keyed_request !== undefined);
  switch (command.type) {
    case 'receive_messages': {
      const keys = command.messages.map(({ key }) => key);
      const received = withReturned(sql, command, loadReceived(sql, keys));
      const selected = command.messages.flatMap((message) => message.selected_reply_suggestion_id ?? []);
      const last = command.messages.at(-1);
      const before = last === undefined ? undefined : received.get(last.key);
      const withChat = before === undefined ? loaded : loadChat(sql, loaded, before.chat_id);
      const variable_keys = loadVariableKeys(sql, state, Object.keys(command.variables));
      return { ...withChat, answered, received, suggestions: suggestionsFor(sql, withChat, selected), variable_keys };
    }
    case 'post_message': {
      const selected = command.selected_reply_suggestion_id;
      return { ...loaded, answered, suggestions: suggestionsFor(sql, loaded, selected === null ? [] : [selected]) };
    }
    case 'post_visitor_message': {
      const { content, chat_id } = command;
      const messages = content.type === 'action' ? loadRespondedMessage(sql, chat_id, content) : NONE;
      return { ...loaded, answered, messages };
    }
    case 'edit_message':
      return { ...loaded, answered, messages: loadNamedMessage(sql, command.chat_id, command.message_id) };
    case 'delete_message':
      return { ...loaded, answered, messages: loadDeletedMessage(sql, command.chat_id, command.message_id) };
    case 'report_message_status':
      return { ...loaded, answered, messages: loadReported(sql, loaded, command) };
    case 'note_webhooks':
    case 'add_reply_suggestion':
      return { ...loaded, answered, messages: loadNamedMessage(sql, command.chat_id, command.message_id) };
    case 'update_reply_suggestion': {
      const messages = loadNamedMessage(sql, command.chat_id, command.message_id);
      return { ...loaded, answered, messages, suggestions: suggestionsFor(sql, loaded, [command.suggestion_id]) };
    }
    default:
      return { ...loaded, answered };
  }
}

/**
 * The state with the chat of the event that answered a command before, which may be neither the named one nor the
 * current one. `isKeyed`: the answer to a client's key shows the chat as it was then.
 */
function loadAnswered(
  sql: SqlStorage,
  state: ThreadState,
  { chat_id, seq }: ThreadEvent,
  isKeyed: boolean,
): ThreadState {
  const chat = isKeyed ? readChatAt(sql, chat_id, seq) : null;
  return chat === null ? loadChat(sql, state, chat_id) : { ...state, chats: new Map(state.chats).set(chat_id, chat) };
}

/** The state without what need not stay in memory: only the current chat remains. */
export function keepCurrentChat(state: ThreadState): ThreadState {
  const current = state.thread === null ? undefined : state.chats.get(state.thread.current_chat_id);
  const chats = new Map(current === undefined ? [] : [[current.facts.id, current]]);
  const nothing = { received: new Map(), suggestions: new Map(), messages: NONE, answered: null, counted: [] };
  return { ...state, chats, ...nothing, variable_keys: NO_VARIABLE_KEYS };
}

/** The command with the chat of its message, if it names only the message. */
export function nameChat(sql: SqlStorage, command: Command): Command {
  if (!('message_id' in command) || command.message_id === null || command.chat_id !== null) return command;
  if (!hasTable(sql, 'events')) return command;
  const found = readMessage(sql, null, command.message_id);
  return found === null ? command : { ...command, chat_id: found.event.chat_id };
}

/** The state with a chat loaded; unchanged if the chat is in it or does not exist. */
export function loadChat(sql: SqlStorage, state: ThreadState, chatId: string): ThreadState {
  if (state.chats.has(chatId)) return state;
  const row = sql
    .exec<{ first_seq: number; seq: number; facts: string }>(
      'SELECT first_seq, seq, facts FROM chats WHERE id = ?',
      chatId,
    )
    .toArray()[0];
  if (row === undefined) return state;
  const facts = JSON.parse(row.facts) as ChatFacts;
  const chat: ChatState = {
    first_seq: row.first_seq,
    seq: row.seq,
    facts,
    ...loadKey(sql, facts, row.first_seq),
    members: loadChildren<MemberFacts>(sql, 'members', chatId),
    tags: loadChildren<TagFacts>(sql, 'tags', chatId),
    invitations: loadChildren<InvitationFacts>(sql, 'invitations', chatId),
  };
  return { ...state, chats: new Map(state.chats).set(chatId, chat) };
}

/** The key of an encrypted chat is in its first event, and nowhere else. */
function loadKey(sql: SqlStorage, { encryption }: ChatFacts, firstSeq: number): Pick<ChatState, 'key'> {
  if (encryption === undefined || encryption.forgotten_at !== undefined) return {};
  const { key } = sql
    .exec<{ key: string | null }>(`SELECT event ->> '$.encryption.key' AS key FROM events WHERE seq = ?`, firstSeq)
    .one();
  return key === null ? {} : { key };
}

const KEYS = { members: 'member_id', tags: 'name', invitations: 'id' } as const;

function loadChildren<Facts>(sql: SqlStorage, table: keyof typeof KEYS, chatId: string): Map<string, Touched<Facts>> {
  if (table !== 'members' && !hasTable(sql, table)) return new Map();
  const rows = sql.exec<{ id: string; seq: number; facts: string }>(
    `SELECT ${KEYS[table]} AS id, seq, facts FROM ${table} WHERE chat_id = ? ORDER BY 1`,
    chatId,
  );
  return new Map(Array.from(rows, ({ id, seq, facts }) => [id, { seq, facts: JSON.parse(facts) as Facts }]));
}

/** A message that is named but not answered: later messages do not matter. */
function loadNamedMessage(sql: SqlStorage, chatId: string | null, messageId: string): Map<string, NamedMessage> {
  const found = readMessage(sql, chatId, messageId);
  return new Map(found === null ? [] : [[messageId, unpurged(sql, found)]]);
}

/** The message that is to be deleted. */
function loadDeletedMessage(sql: SqlStorage, chatId: string | null, messageId: string): Map<string, NamedMessage> {
  const found = readMessage(sql, chatId, messageId);
  return new Map(found === null ? [] : [[messageId, { ...unpurged(sql, found), files: readDeletedFiles(sql, found) }]]);
}

/** The messages of which a channel reports. */
function loadReported(
  sql: SqlStorage,
  state: ThreadState,
  { chat_id, message_id }: ReportMessageStatus,
): Map<string, NamedMessage> {
  if (message_id !== null) return loadNamedMessage(sql, chat_id, message_id);
  const chat = state.chats.get(chat_id);
  const unread = chat === undefined ? [] : readUnread(sql, { ...chat, id: chat_id });
  return new Map(unread.map((each) => [each.facts.id, unpurged(sql, each)]));
}

/** A message without what a purge has taken that has not come to its row: a change of it is told with the whole message. */
function unpurged(sql: SqlStorage, found: StoredMessage): NamedMessage {
  const { event, facts } = found;
  const purge = readRunningPurge(sql, event.chat_id);
  return namedMessage({ ...found, facts: messageAfterPurge(facts, event.seq, purge) });
}

/** What a visitor responds to: an attachment of a message, with one of its actions or without. */
type Responded = { message_id: string; attachment_id: string; action_id: string | null };

/** A message that a visitor responds to. Later messages are read only if they can have disabled the chosen action. */
function loadRespondedMessage(sql: SqlStorage, chatId: string, responded: Responded): Map<string, NamedMessage> {
  const { message_id, attachment_id, action_id } = responded;
  const found = readMessage(sql, chatId, message_id);
  if (found === null) return new Map();
  const { event } = found;
  const attachment = found.facts.attachments.find(({ id }) => id === attachment_id);
  const action = attachment?.actions.find(({ id }) => id === action_id);
  const isAnswered = action?.is_disabled_on_selection === true && hasAnswer(sql, event, attachment_id);
  const named: NamedMessage = {
    ...namedMessage(found),
    answered_attachments: new Set(isAnswered ? [attachment_id] : []),
    is_followed_by_visitor: action?.is_disabled_on_visitor_message === true && isFollowedByVisitor(sql, event),
  };
  return new Map([[message_id, named]]);
}

/** Whether an attachment was answered: reads the log from the message to the first answer. */
function hasAnswer(sql: SqlStorage, { seq, chat_id, message }: MessageAdded, attachmentId: string): boolean {
  const answers = sql.exec(
    `SELECT 1 FROM events WHERE seq > ? AND chat_id = ? AND type = 'message_added'
       AND event ->> '$.message.response_to.message_id' = ? AND event ->> '$.message.response_to.attachment.id' = ? LIMIT 1`,
    seq,
    chat_id,
    message.id,
    attachmentId,
  );
  return answers.toArray().length > 0;
}

/** Whether the visitor wrote after a message: reads the log from the message to their first text. */
function isFollowedByVisitor(sql: SqlStorage, { seq, chat_id }: MessageAdded): boolean {
  const followers = sql.exec(
    `SELECT 1 FROM events WHERE seq > ? AND chat_id = ? AND type = 'message_added'
       AND event ->> '$.message.type' = 'msg' AND event ->> '$.message.sender_type' = 'visitor' LIMIT 1`,
    seq,
    chat_id,
  );
  return followers.toArray().length > 0;
}

/** The event that answered a command before, as a purge that goes on leaves it. */
function loadAnswer(sql: SqlStorage, seq: number): ThreadEvent | null {
  const row = sql.exec<{ event: string }>('SELECT event FROM events WHERE seq = ?', seq).toArray()[0];
  if (row === undefined) return null;
  const event = upcastEvent(JSON.parse(row.event) as { v: number });
  return afterPurge(event, readRunningPurge(sql, event.chat_id));
}

function loadLastEvent(sql: SqlStorage): ThreadEvent {
  const row = sql.exec<{ event: string }>('SELECT event FROM events ORDER BY seq DESC LIMIT 1').one();
  return upcastEvent(JSON.parse(row.event) as { v: number });
}

function loadReceived(sql: SqlStorage, keys: string[]): Map<string, ReceivedBefore> {
  const rows = sql
    .exec<{
      key: string;
      chat_id: string;
      message_id: string;
      seq: number;
      request: string | null;
      is_new_session: number;
      messages_created: number;
    }>(
      // A single key is the most common case, and is found without json_each.
      keys.length === 1
        ? 'SELECT * FROM received WHERE key = ?'
        : 'SELECT * FROM received WHERE key IN (SELECT value FROM json_each(?))',
      keys.length === 1 ? (keys[0] ?? '') : JSON.stringify(keys),
    )
    .toArray();
  return new Map(rows.map((row) => [row.key, { ...row, is_new_session: row.is_new_session === 1 }]));
}

/** The message that was received with a fingerprint, which the thread stores with its salt. Null for none. */
export function readReceived(sql: SqlStorage, key: string): { chat_id: string; message_id: string } | null {
  const { salt } = sql.exec<{ salt: string | null }>('SELECT salt FROM thread').one();
  const found = loadReceived(sql, [saltedKey(key, salt)])
    .values()
    .next().value;
  return found === undefined ? null : { chat_id: found.chat_id, message_id: found.message_id };
}

/** Most events that are searched for a message that comes back. */
const RETURNED_WITHIN = 1000;

/** Adds the messages that the hub has sent and that its receiver gives back, as if they had been received. */
function withReturned(
  sql: SqlStorage,
  { messages, routing }: Extract<Command, { type: 'receive_messages' }>,
  received: Map<string, ReceivedBefore>,
): Map<string, ReceivedBefore> {
  for (const { key, body, sent_since, sent_file } of messages) {
    if (sent_since === undefined || received.has(key)) continue;
    const [row] = sql
      .exec<{ seq: number; chat_id: string; message_id: string }>(
        `SELECT seq, chat_id, event ->> '$.message.id' AS message_id FROM events
         WHERE seq > (SELECT max(seq) FROM events) - ? AND type = 'message_added' AND event ->> '$.at' >= ?
           AND event ->> '$.message.sender_type' = 'user'
           AND (event ->> '$.message.message' = ?
             OR (event ->> '$.message.message' = '' AND event ->> '$.message.attachments[0].file.id' = ?))
           AND coalesce(event ->> '$.origin', '') <> ?
         ORDER BY seq DESC LIMIT 1`,
        RETURNED_WITHIN,
        sent_since,
        body,
        sent_file ?? null,
        routing.receiver,
      )
      .toArray();
    if (row !== undefined)
      received.set(key, { key, ...row, request: null, is_new_session: false, messages_created: 0 });
  }
  return received;
}

/** Suggestions for a command, without what a purge has taken whose object has not come to their rows. */
function suggestionsFor(sql: SqlStorage, { chats }: ThreadState, ids: string[]): Map<string, Suggestion> {
  const found = loadSuggestions(sql, ids);
  for (const [id, suggestion] of found) found.set(id, withoutPurged(suggestion, chats.get(suggestion.chat_id)));
  return found;
}

/** Suggestions by id. Unknown ids are left out. */
export function loadSuggestions(sql: SqlStorage, ids: string[]): Map<string, Suggestion> {
  if (ids.length === 0 || !hasTable(sql, 'suggestions')) return new Map();
  const rows = sql
    .exec<{ id: string; chat_id: string; seq: number; facts: string }>(
      'SELECT id, chat_id, seq, facts FROM suggestions WHERE id IN (SELECT value FROM json_each(?))',
      JSON.stringify(ids),
    )
    .toArray();
  return new Map(
    rows.map(({ id, chat_id, seq, facts }) => [id, { chat_id, seq, facts: JSON.parse(facts) as ReplySuggestionFacts }]),
  );
}
