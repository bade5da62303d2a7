import type { Command } from '../../domain/commands.ts';
import type { ChatFacts } from '../../resources/chat.ts';
import type { ComposingStatus } from '../../resources/membership.ts';

/**
 * A `typing` that is not repeated for this long (ms) counts as `typed`: the member has stopped, or their client is
 * gone. Clients end it themselves after this time (docs/live.md), so no alarm is needed.
 */
const TYPING_LASTS = 15_000;

/** What a member has reported of their typing. `isOther`: it differs from before. */
export type Said = { member_id: string; status: ComposingStatus; isOther: boolean };

/**
 * The typing statuses in a thread's open chat. Kept in memory only, never in the log or in D1. A new instance of the
 * object knows nothing of it, and clients repeat it while their user types.
 */
export class Typing {
  #chatId: string | null = null;
  readonly #said = new Map<string, { status: ComposingStatus; at: number }>();

  /**
   * Takes an accepted command and its chat. Answers the changes of typing that follow from the command, or from the
   * chat's end. `now` in ms.
   */
  note(command: Command, chat: ChatFacts, now: number): Said[] {
    if (chat.ended_at !== null) return this.#endIn(chat);
    return saidBy(command).map(({ member_id, status }) => {
      const isOther = this.statusOf(chat, member_id, now) !== status;
      this.#say(chat, member_id, status, now);
      return { member_id, status, isOther };
    });
  }

  /** The typing status of a member at `now` (ms). In an ended chat nobody types. */
  statusOf(chat: ChatFacts, memberId: string, now: number): ComposingStatus {
    if (chat.id !== this.#chatId || chat.ended_at !== null) return 'idle';
    const said = this.#said.get(memberId);
    if (said === undefined) return 'idle';
    return said.status === 'typing' && now - said.at > TYPING_LASTS ? 'typed' : said.status;
  }

  #endIn(chat: ChatFacts): Said[] {
    if (chat.id !== this.#chatId) return [];
    const members = [...this.#said.keys()];
    this.#said.clear();
    return members.map((member_id) => ({ member_id, status: 'idle', isOther: true }));
  }

  #say(chat: ChatFacts, memberId: string, status: ComposingStatus, at: number): void {
    if (chat.id !== this.#chatId) this.#said.clear();
    this.#chatId = chat.id;
    if (status === 'idle') this.#said.delete(memberId);
    else this.#said.set(memberId, { status, at });
  }
}

function saidBy(command: Command): { member_id: string; status: ComposingStatus }[] {
  switch (command.type) {
    case 'join_chat':
      return [
        { member_id: command.actor.id, status: command.composing_status },
        ...(command.replaced === undefined ? [] : [{ member_id: command.replaced.id, status: 'idle' as const }]),
      ];
    case 'update_membership':
    case 'update_visitor_membership': {
      const member_id = command.type === 'update_membership' ? command.actor.id : command.visitor_id;
      // Clients that leave a chat may send nothing else.
      const unsaid = command.is_participating === false ? 'idle' : null;
      const status = command.composing_status ?? unsaid;
      return status === null ? [] : [{ member_id, status }];
    }
    case 'post_message':
      return [{ member_id: command.actor.id, status: 'idle' }];
    case 'post_visitor_message':
      return [{ member_id: command.visitor_id, status: 'idle' }];
    case 'receive_messages':
      return command.messages.flatMap(({ user }) =>
        user === null ? [] : [{ member_id: user.id, status: 'idle' as const }],
      );
    default:
      return [];
  }
}
