import { seqOfResource, threadName } from '../../src/domain/address.ts';
import type { AnswerOf, Command, ReceiveMessages } from '../../src/domain/commands.ts';
import { decide } from '../../src/domain/decide/decide.ts';
import type { Decision } from '../../src/domain/decide/recorder.ts';
import type { ThreadEvent } from '../../src/domain/events.ts';
import { changeMessage, isMessageChange } from '../../src/domain/message-changes.ts';
import { isCovered, type PurgedEvent, redactMessage } from '../../src/domain/redaction.ts';
import { type ChatState, emptyThread, type NamedMessage, type ThreadState } from '../../src/domain/state.ts';
import type { MessageFacts } from '../../src/resources/message.ts';
import { newUuid } from '../../src/resources/uuid.ts';
import { REMEMBERED_FOR } from '../../src/thread/store/recent-commands.ts';

export const IDENTITY = {
  kind: 'channel',
  channel_id: '018f0000-0000-7000-8000-000000000001',
  thread_id: 't',
} as const;
export const ORGANIZATION = '018f0000-0000-7000-8000-000000000002';
export const ROOM = { id: '018f0000-0000-7000-8000-000000000003', name: 'Support', organization_id: ORGANIZATION };
export const NAME = threadName(IDENTITY);

/**
 * A thread in memory with the contract of the object: times grow with `seq`. `decide` gets the whole state here, where
 * the object loads only what a command can touch.
 */
export class ThreadModel {
  state: ThreadState;
  readonly log: ThreadEvent[] = [];
  #clock: number;

  constructor(startsAt: number, name = NAME) {
    this.state = emptyThread(name);
    this.#clock = startsAt;
  }

  execute(command: Command, pause = 1): Decision {
    this.#clock += pause;
    const now = Math.max(this.#clock, this.state.last_at + 1);
    const answered = this.remembered(command);
    const messages = new Map(this.#named(command).map((message) => [message.facts.id, message]));
    const decision = decide({ ...this.state, answered, messages }, command, {
      command_id: command.command_id,
      now,
      newMappingId: () => newUuid(now),
      newVisitorId: () => crypto.randomUUID().replaceAll('-', ''),
      newId: () => newUuid(now),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    });
    if (decision.ok) this.#keep(decision);
    return decision;
  }

  /** The event that answered a command before, if it is recent enough. */
  remembered({ command_id }: Command): ThreadEvent | null {
    const last = this.log.findLast((event) => event.command_id === command_id);
    return last === undefined || last.at < this.#clock - REMEMBERED_FOR ? null : last;
  }

  /** The answer of a command that must not be refused. */
  answer<C extends Command>(command: C, pause = 1): AnswerOf<C> {
    const decision = this.execute(command, pause);
    if (!decision.ok) throw new Error(`${command.type} was refused: ${decision.refusal.reason}`);
    return decision.answer as AnswerOf<C>;
  }

  /** Why a command is refused; null when it is not. */
  refusal(command: Command): string | null {
    const decision = this.execute(command);
    return decision.ok ? null : decision.refusal.reason;
  }

  /** Types of the events that a command makes. */
  eventsOf(command: Command): string[] {
    const before = this.log.length;
    this.answer(command);
    return this.log.slice(before).map((event) => (event.type === 'message_added' ? event.message.type : event.type));
  }

  chat(chatId: string): ChatState {
    const chat = this.state.chats.get(chatId);
    if (chat === undefined) throw new Error('no such chat');
    return chat;
  }

  /** The message that a command names in its chat, with what later messages did to its attachments. */
  #named(command: Command): NamedMessage[] {
    if (command.type === 'report_message_status' && command.message_id === null) {
      const sent = this.messages(command.chat_id).filter((each) => each.type === 'msg' && each.sender_type === 'user');
      const firstRead = sent.findLastIndex(({ status }) => status?.state === 'read');
      return sent.slice(firstRead + 1).map((facts) => this.#plain(facts));
    }
    const id = namedMessage(command);
    if (id === null || !('chat_id' in command) || command.chat_id === null) return [];
    const added = this.messages(command.chat_id);
    const place = added.findIndex((message) => message.id === id);
    const facts = added[place];
    if (facts === undefined) return [];
    const later = added.slice(place + 1);
    const answers = later.flatMap(({ response_to }) =>
      response_to?.message_id === id ? [response_to.attachment.id] : [],
    );
    const is_followed_by_visitor = later.some(({ type, sender_type }) => type === 'msg' && sender_type === 'visitor');
    return [{ ...this.#plain(facts), answered_attachments: new Set(answers), is_followed_by_visitor }];
  }

  #plain(facts: MessageFacts): NamedMessage {
    const seq = this.log.findLast((event) => 'message_id' in event && event.message_id === facts.id)?.seq;
    const place = { seq: seq ?? seqOfResource(facts.id) ?? 0 };
    return { ...place, facts, answered_attachments: new Set(), is_followed_by_visitor: false };
  }

  /** The messages of a chat as they are now, before the object has rewritten those that are purged. */
  messages(chatId: string): MessageFacts[] {
    return [...this.#messages(chatId, false).values()];
  }

  /** The messages of a chat when the object has rewritten those that are purged. */
  keptMessages(chatId: string): MessageFacts[] {
    return [...this.#messages(chatId, true).values()];
  }

  #messages(chatId: string, isRewritten: boolean): Map<string, MessageFacts> {
    const found = new Map<string, MessageFacts>();
    for (const event of this.log) {
      if (event.chat_id !== chatId) continue;
      if (event.type === 'purged' && isRewritten) purgeAll(found, event);
      if (event.type === 'message_added') found.set(event.message.id, event.message);
      const before = isMessageChange(event) ? found.get(event.message_id) : undefined;
      if (isMessageChange(event) && before !== undefined) found.set(event.message_id, changeMessage(before, event));
    }
    return found;
  }

  #keep(decision: Extract<Decision, { ok: true }>): void {
    const received = new Map(this.state.received);
    for (const each of decision.received) received.set(each.key, each);
    this.log.push(...decision.events);
    this.state = { ...decision.state, received, messages: new Map(), answered: null };
  }
}

/** What an object does after the event: it rewrites the messages that the purge covers. */
function purgeAll(found: Map<string, MessageFacts>, purge: PurgedEvent): void {
  for (const [id, facts] of found) if (isCovered(facts.created_at, purge)) found.set(id, redactMessage(facts, purge));
}

function namedMessage(command: Command): string | null {
  switch (command.type) {
    case 'post_visitor_message':
      return command.content.type === 'action' ? command.content.message_id : null;
    case 'add_reply_suggestion':
    case 'update_reply_suggestion':
    case 'edit_message':
    case 'delete_message':
    case 'report_message_status':
    case 'note_webhooks':
      return command.message_id;
    default:
      return null;
  }
}

export function receiveCommand(more: Partial<ReceiveMessages>): ReceiveMessages {
  return {
    v: 1,
    type: 'receive_messages',
    command_id: crypto.randomUUID(),
    identity: IDENTITY,
    database: 'DB',
    organization_id: ORGANIZATION,
    room: ROOM,
    is_private: false,
    routing: {
      receiver: `channel/${IDENTITY.channel_id}`,
      channel_id: IDENTITY.channel_id,
      thread_id: IDENTITY.thread_id,
      messaging_channel: 'email',
      echo_user_messages: true,
    },
    messages: [],
    skip_waiting_state: false,
    close_session: false,
    skip_webhooks: false,
    variables: {},
    ...more,
  };
}
