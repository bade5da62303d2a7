import { resourceIdAt } from '../../src/domain/address.ts';
import type { ThreadModel } from './thread-model.ts';

/** What exists in a thread, by index. Where nothing exists it answers an id that nothing has. */
export class Things {
  readonly unknown: string;
  readonly #model: ThreadModel;

  constructor(model: ThreadModel, startsAt: number) {
    this.#model = model;
    this.unknown = resourceIdAt(model.state.name, startsAt, 4_000_000);
  }

  chat(at: number): string {
    return this.#pick([...this.#model.state.chats.keys()], at);
  }

  suggestion(at: number): string {
    return this.#pick([...this.#model.state.suggestions.keys()], at);
  }

  suggestionOf(at: number) {
    return this.#model.state.suggestions.get(this.suggestion(at));
  }

  invitation(chatAt: number, at: number): string {
    return this.#pick([...(this.#model.state.chats.get(this.chat(chatAt))?.invitations.keys() ?? [])], at);
  }

  message(chatAt: number, at: number): string {
    return this.#pick(
      this.#messages(chatAt).map(({ id }) => id),
      at,
    );
  }

  /** A message of a chat with an attachment, and that attachment. */
  offer(chatAt: number, at: number) {
    const offers = this.#messages(chatAt).filter(({ attachments }) => attachments.length > 0);
    const message = offers[at % Math.max(1, offers.length)];
    return { message: message?.id ?? this.unknown, attachment: message?.attachments[0] };
  }

  #messages(chatAt: number) {
    return this.#model.messages(this.chat(chatAt));
  }

  #pick(list: string[], at: number): string {
    return list[at % Math.max(1, list.length)] ?? this.unknown;
  }
}
