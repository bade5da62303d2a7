import type { Replica } from '../replica/replica.ts';

/** So many chats stay on the page with their newest messages, so that one who goes back to them waits for nothing. */
const KEPT = 60;

/** Opens chats, and closes those that nobody has looked at for longest. */
export class OpenChats {
  readonly #replica: Replica;
  /** The latest last. */
  #ids: string[] = [];

  constructor(replica: Replica) {
    this.#replica = replica;
  }

  open(chatId: string): void {
    this.#ids = [...this.#ids.filter((id) => id !== chatId), chatId];
    this.#replica.openChat(chatId);
    for (const id of this.#ids.splice(0, Math.max(0, this.#ids.length - KEPT))) this.#replica.closeChat(id);
  }
}
