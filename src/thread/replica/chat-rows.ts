import type { ThreadEvent } from '../../domain/events.ts';
import type { ChatState } from '../../domain/state.ts';
import { type MessageFacts, messagePlace } from '../../resources/message.ts';
import type { TagFacts } from '../../resources/tag.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { flagsOf } from './chat-flags.ts';

/** A stretch of the log: above `after`, up to `upto`. */
export type SeqRange = { after: number; upto: number };

/** What a stretch of the log did to a chat, as far as its state does not tell. */
export class ChatChanges {
  readonly #tags = new Map<string, { seq: number; tag: TagFacts | null }>();
  readonly #messages: { seq: number; facts: MessageFacts }[] = [];
  readonly #joined = new Set<string>();
  #endSeq: number | null = null;

  /** Takes note of an event of the chat, in the order of the log: the last touch of a row wins. */
  note(event: ThreadEvent): void {
    const { seq } = event;
    switch (event.type) {
      case 'member_added':
        if (event.member.organization_id !== null) this.#joined.add(event.member.organization_id);
        return;
      case 'chat_ended':
        this.#endSeq = seq;
        return;
      case 'tag_added':
        this.#tags.set(event.tag.name, { seq, tag: event.tag });
        return;
      case 'tag_removed':
        this.#tags.set(event.name, { seq, tag: null });
        return;
      case 'message_added':
        this.#messages.push({ seq, facts: event.message });
        return;
      default:
        return;
    }
  }

  /** Adds the rows of the chat's children that the stretch touched last; the end of a chat touches its members. */
  addRows(builder: BatchBuilder, chat: ChatState, range: SeqRange): void {
    this.#addMembers(builder, chat, range);
    this.#addInvolvements(builder, chat);
    const chatId = chat.facts.id;
    this.#addMessages(builder, chat);
    for (const [name, { seq, tag }] of this.#tags) builder.add('tags', [chatId, name, seq, tag]);
    for (const [id, { seq, facts }] of chat.invitations) {
      if (isWithin(seq, range)) builder.add('invitations', [chatId, id, seq, facts.invitee.id, facts]);
    }
  }

  /** Messages of a chat without a room are in nobody's list. */
  #addMessages(builder: BatchBuilder, { facts: { id, organization_id, room } }: ChatState): void {
    if (room === null) return;
    for (const { seq, facts } of this.#messages) {
      const { sender_type, type } = facts;
      builder.add('messages', [organization_id, messagePlace(facts), id, room.id, seq, sender_type, type, facts]);
    }
  }

  #addMembers(builder: BatchBuilder, chat: ChatState, range: SeqRange): void {
    const isEnded = chat.facts.ended_at === null ? 0 : 1;
    for (const [memberId, { seq, facts }] of chat.members) {
      // Touched again after the stretch: a later batch has the row.
      if (seq > range.upto) continue;
      const touched = Math.max(seq, this.#endSeq ?? 0);
      if (!isWithin(touched, range)) continue;
      const isParticipating = facts.is_participating ? 1 : 0;
      builder.add('members', [chat.facts.id, memberId, touched, isParticipating, isEnded, facts]);
    }
  }

  #addInvolvements(builder: BatchBuilder, chat: ChatState): void {
    const chatId = chat.facts.id;
    if (this.#endSeq === null) {
      for (const organizationId of this.#joined) {
        builder.add('involvements', [organizationId, chatId, chat.first_seq, 0]);
      }
      return;
    }
    const members = [...chat.members.values()].flatMap(({ facts }) => facts.organization_id ?? []);
    for (const organizationId of new Set(members)) {
      builder.add('involvements', [organizationId, chatId, this.#endSeq, 1]);
    }
  }
}

function isWithin(seq: number, { after, upto }: SeqRange): boolean {
  return seq > after && seq <= upto;
}

/**
 * The chat's own row, as its newest event leaves it: also in a batch that ends before that event. Else its `seq` would not say which of
 * two images is the newer one.
 */
export function chatRow(chat: ChatState, thread: string): readonly unknown[] {
  const { facts } = chat;
  const [isEnded, isPending, chatType, overdueAfter] = flagsOf(facts);
  return [
    facts.id,
    thread,
    chat.seq,
    facts.organization_id,
    facts.room?.id ?? null,
    facts.visitor_id,
    chatType,
    isEnded,
    facts.is_waiting ? 1 : 0,
    isPending,
    overdueAfter,
    facts.updated_at,
    facts,
  ];
}
