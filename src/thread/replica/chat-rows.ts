import { seqOfResource } from '../../domain/address.ts';
import type { ThreadEvent } from '../../domain/events.ts';
import type { ChatState } from '../../domain/state.ts';
import { type MessageFacts, messagePlace } from '../../resources/message.ts';
import type { TagFacts } from '../../resources/tag.ts';
import type { BatchBuilder } from './batch-builder.ts';
import { flagsOf } from './chat-flags.ts';

/** A range of the log: above `after`, up to `upto`. */
export type SeqRange = { after: number; upto: number };

/** A message with the `seq` that says how new its row is. */
export type MessageRow = { seq: number; facts: MessageFacts };
/** Reads messages as they are now, by the `seq` of their events. */
export type ReadMessages = (seqs: number[]) => Iterable<MessageRow>;

/** The changes that a range of the log made to a chat and that its state does not show. */
export class ChatChanges {
  readonly #tags = new Map<string, { seq: number; tag: TagFacts | null }>();
  readonly #messages: MessageRow[] = [];
  /** Messages that were added before, by the `seq` of their event. */
  readonly #changed = new Set<number>();
  /** Files of which the last message is deleted, with the newest that has named them, and the `seq` of the deletion. */
  readonly #lost: { id: string; message_id: string; seq: number }[] = [];
  readonly #joined = new Set<string>();
  #endSeq: number | null = null;

  /** Notes an event of the chat, in the order of the log. The last change of a row wins. */
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
        if (event.message.purged === undefined && event.message.forgotten === undefined)
          this.#messages.push({ seq, facts: event.message });
        else this.#changed.add(seq);
        return;
      case 'message_deleted':
        for (const file of event.files_last ?? []) this.#lost.push({ ...file, seq });
        this.#changed.add(seqOfResource(event.message_id) ?? 0);
        return;
      case 'message_edited':
      case 'message_status_changed':
        this.#changed.add(seqOfResource(event.message_id) ?? 0);
        return;
      default:
        return;
    }
  }

  /** Adds the rows of the chat's children that changed in the range. The end of a chat changes its members. */
  addRows(builder: BatchBuilder, chat: ChatState, range: SeqRange, read: ReadMessages): void {
    this.#addMembers(builder, chat, range);
    this.#addInvolvements(builder, chat);
    const chatId = chat.facts.id;
    const messages = [...this.#messages, ...read([...this.#changed])];
    this.#addMessages(builder, chat, messages);
    this.#addFiles(builder, chat, messages);
    for (const [name, { seq, tag }] of this.#tags) builder.add('tags', [chatId, name, seq, tag]);
    for (const [id, { seq, facts }] of chat.invitations) {
      if (isWithin(seq, range)) builder.add('invitations', [chatId, id, seq, facts.invitee.id, facts]);
    }
  }

  /** Messages of a chat without a room are in no list. */
  #addMessages(builder: BatchBuilder, { facts: chat }: ChatState, messages: readonly MessageRow[]): void {
    const { id, organization_id, room } = chat;
    if (room === null) return;
    for (const { seq, facts } of messages) {
      const { sender_type, type } = facts;
      builder.add('messages', [organization_id, messagePlace(facts), id, room.id, seq, sender_type, type, facts]);
    }
  }

  /** Of chats without a room too: their files are deleted in the same way. */
  #addFiles(builder: BatchBuilder, { facts: chat }: ChatState, messages: readonly MessageRow[]): void {
    const { id, organization_id } = chat;
    for (const { seq, facts } of messages) {
      const row = (fileId: string, isNamed: 0 | 1) => [fileId, organization_id, id, facts.id, seq, isNamed];
      for (const { file } of facts.attachments) if (file !== undefined) builder.add('files', row(file.id, 1));
      for (const fileId of facts.files_gone ?? []) builder.add('files', row(fileId, 0));
    }
    for (const { id: fileId, message_id, seq } of this.#lost) {
      builder.add('files', [fileId, organization_id, id, message_id, seq, 0]);
    }
  }

  #addMembers(builder: BatchBuilder, chat: ChatState, range: SeqRange): void {
    const isEnded = chat.facts.ended_at === null ? 0 : 1;
    for (const [memberId, { seq, facts }] of chat.members) {
      // Changed again after the range: a later batch has the row.
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
 * The chat's row with its newest event, even in a batch that ends before that event. Otherwise the row's `seq` would
 * not tell which of two images is newer.
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
