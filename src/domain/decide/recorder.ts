import type { Answer } from '../commands.ts';
import { encryptText, type RandomBytes } from '../encryption.ts';
import { type EventBody, type ThreadEvent, versionOf } from '../events.ts';
import { applyEvent, wholeCommands } from '../evolve.ts';
import type { ThreadRefusal } from '../refusals.ts';
import type { ChatState, ReceivedBefore, Step, ThreadState, Transition } from '../state.ts';

/** The result of a command: a refusal, or an answer with the events that make it true. A repeat has no events. */
export type Decision<A = Answer> =
  | { ok: false; refusal: ThreadRefusal }
  | {
      ok: true;
      answer: A;
      events: ThreadEvent[];
      transitions: Transition[];
      state: ThreadState;
      received: ReceivedBefore[];
      /** The command was answered before. */
      is_repeat: boolean;
    };

/** Refuses a command; nothing is recorded. */
export function refuse(refusal: ThreadRefusal): { ok: false; refusal: ThreadRefusal } {
  return { ok: false, refusal };
}

/** Accepts a command with its answer, the recorded events and the fingerprints of received messages. */
export function accept<A>(recorder: EventRecorder, answer: A, received: ReceivedBefore[] = []): Decision<A> {
  return {
    ok: true,
    answer,
    events: recorder.events,
    transitions: [...wholeCommands(recorder.steps)],
    state: recorder.state,
    received,
    is_repeat: false,
  };
}

/** Answers a command that changes nothing, because it was answered before or the state is as asked already. */
export function unchanged<A>(state: ThreadState, answer: A): Decision<A> {
  return { ok: true, answer, events: [], transitions: [], state, received: [], is_repeat: state.answered !== null };
}

/**
 * What the shell gives to `decide` beside the state. `now` (ms) is later than the last event. `newId` makes a UUID
 * version 7 for what has no `seq` of its own: attachments and their actions.
 */
export type Context = {
  command_id: string;
  now: number;
  newMappingId: () => string;
  newVisitorId: () => string;
  newId: () => string;
  randomBytes: RandomBytes;
};

const IV_BYTES = 16;

/** Records the events of one command. Each event changes the state at once, so the next rule sees its effect. */
export class EventRecorder {
  state: ThreadState;
  readonly events: ThreadEvent[] = [];
  readonly steps: Step[] = [];
  readonly context: Context;

  constructor(state: ThreadState, context: Context) {
    this.state = state;
    this.context = context;
  }

  /** The `seq` that the next event will have. */
  get nextSeq(): number {
    return this.state.last_seq + 1;
  }

  /**
   * A chat as the events so far leave it. Throws when it is not loaded: rules name only chats that they have looked up.
   */
  chat(chatId: string): ChatState {
    const chat = this.state.chats.get(chatId);
    if (chat === undefined) throw new Error('the chat of a command is not loaded');
    return chat;
  }

  /**
   * A text for the holder of the organization's private key, if the chat is encrypted. Throws when the hub has forgotten
   * the key: rules refuse a text then.
   */
  encrypted(chatId: string, text: string): { encrypted_message?: string } {
    const { facts, key } = this.chat(chatId);
    if (facts.encryption === undefined) return {};
    if (key === undefined) throw new Error('a text for a chat whose key is forgotten');
    return { encrypted_message: encryptText(key, text, this.context.randomBytes(IV_BYTES)) };
  }

  /** Records an event of a chat and evolves the state with it. Answers the event. */
  emit(chatId: string, body: EventBody): ThreadEvent {
    const event: ThreadEvent = {
      ...body,
      v: versionOf(body),
      seq: this.nextSeq,
      at: this.context.now,
      chat_id: chatId,
      command_id: this.context.command_id,
      accepted: [],
    };
    const { state, step } = applyEvent(this.state, event);
    this.state = state;
    this.events.push(event);
    if (step !== null) this.steps.push(step);
    return event;
  }
}
