import type { ChatFacts } from '../resources/chat.ts';
import type { ComposingStatus } from '../resources/membership.ts';
import type { Command } from './commands.ts';

/** `typing` that was not said again for this long (ms) reads as `typed`: the writer has stopped, or his client is gone. */
const TYPING_LASTS = 15_000;

/**
 * Who types in a thread's open chat. Memory only, never in the log and never in D1 (ENGINE 5): a restart forgets it, and a
 * client that types says so again.
 */
export class Typing {
  #chatId: string | null = null;
  readonly #said = new Map<string, { status: ComposingStatus; at: number }>();

  /** Told an accepted command and the chat that it concerned. `now` in ms. */
  note(command: Command, chat: ChatFacts, now: number): void {
    switch (command.type) {
      case 'join_chat':
        this.#say(chat, command.actor.id, command.composing_status, now);
        return;
      case 'update_membership': {
        // Clients that close a chat may say no more than that.
        const unsaid = command.is_participating === false ? 'idle' : null;
        const status = command.composing_status ?? unsaid;
        if (status !== null) this.#say(chat, command.actor.id, status, now);
        return;
      }
      case 'post_message':
        this.#say(chat, command.actor.id, 'idle', now);
        return;
      case 'update_visitor_membership':
        if (command.composing_status !== null) this.#say(chat, command.visitor_id, command.composing_status, now);
        return;
      case 'post_visitor_message':
        this.#say(chat, command.visitor_id, 'idle', now);
        return;
      case 'receive_messages':
        for (const { user } of command.messages) if (user !== null) this.#say(chat, user.id, 'idle', now);
        return;
      default:
        return;
    }
  }

  /** What a member does now (`now` in ms). Nobody types in a chat that has ended. */
  statusOf(chat: ChatFacts, memberId: string, now: number): ComposingStatus {
    if (chat.id !== this.#chatId || chat.ended_at !== null) return 'idle';
    const said = this.#said.get(memberId);
    if (said === undefined) return 'idle';
    return said.status === 'typing' && now - said.at > TYPING_LASTS ? 'typed' : said.status;
  }

  #say(chat: ChatFacts, memberId: string, status: ComposingStatus, at: number): void {
    if (chat.ended_at !== null) return;
    if (chat.id !== this.#chatId) this.#said.clear();
    this.#chatId = chat.id;
    if (status === 'idle') this.#said.delete(memberId);
    else this.#said.set(memberId, { status, at });
  }
}
