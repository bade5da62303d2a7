import type { Missed } from '../replica/catch-up.ts';
import type { Message, Note } from '../replica/known.ts';
import type { OutboxEntry } from '../replica/outbox.ts';
import { dayOf } from '../words/times.ts';

/** What a thread shows, from top to bottom. */
export type Line =
  | { readonly is: 'day'; readonly key: string; readonly text: string }
  /** Above the first message that came while the connection was lost. */
  | { readonly is: 'catch_up'; readonly key: string; readonly count: number }
  | { readonly is: 'message'; readonly key: string; readonly message: Message; readonly isFirst: boolean }
  /** What has happened in the chat: a message that nobody has written. */
  | { readonly is: 'event'; readonly key: string; readonly message: Message; readonly text: string }
  /** What a colleague has noted. */
  | { readonly is: 'note'; readonly key: string; readonly note: Note }
  | { readonly is: 'sending'; readonly key: string; readonly entry: OutboxEntry }
  | { readonly is: 'typing'; readonly key: string; readonly names: readonly string[] };

/** Messages of one sender within this time (ms) stand together under one name. */
const TOGETHER = 5 * 60_000;

/**
 * The lines of a thread. `messages`: in order, without those that `entries` show. `hasOlder`: the day of the first one may
 * have begun before it, so it has no heading. `catchUp`: the first message that came during a break; null for none. `now`
 * in ms. `notes`: they stand between the messages by their time.
 */
export function linesOf(
  messages: readonly Message[],
  hasOlder: boolean,
  entries: readonly OutboxEntry[],
  catchUp: Missed | null,
  now: number,
  notes: readonly Note[] = [],
): Line[] {
  const lines: Line[] = [];
  const [first] = messages;
  const noted = notes.toSorted((one, other) => (one.created_at < other.created_at ? -1 : 1));
  let day = hasOlder && first !== undefined ? dayOf(first.created_at, now) : '';
  let minutes = '';
  let before: Message | null = null;

  function isAt({ id, created_at }: { id: string; created_at: string }): void {
    // Days begin at full ten minutes everywhere, so most messages need no calendar.
    const itsMinutes = created_at.slice(0, 15);
    if (itsMinutes === minutes) return;
    minutes = itsMinutes;
    const itsDay = dayOf(created_at, now);
    if (itsDay === day) return;
    lines.push({ is: 'day', key: `day ${id}`, text: itsDay });
    day = itsDay;
    before = null;
  }
  function addNotes(until: string | null): void {
    for (let note = noted[0]; note !== undefined && (until === null || note.created_at < until); note = noted[0]) {
      noted.shift();
      isAt(note);
      lines.push({ is: 'note', key: note.id, note });
      before = null;
    }
  }

  for (const message of messages) {
    addNotes(message.created_at);
    isAt(message);
    if (message.id === catchUp?.first_id) {
      lines.push({ is: 'catch_up', key: 'catch up', count: catchUp.count });
      before = null;
    }
    const text = eventOf(message);
    if (text === null) {
      lines.push({ is: 'message', key: message.id, message, isFirst: before === null || !isTogether(before, message) });
      before = message;
    } else {
      lines.push({ is: 'event', key: message.id, message, text });
      before = null;
    }
  }
  addNotes(null);
  for (const entry of entries) lines.push({ is: 'sending', key: entry.key, entry });
  return lines;
}

/** The lines with those who are writing, by name. The key changes with the line before it: it is a new end of the thread. */
export function withTyping(lines: readonly Line[], names: readonly string[]): readonly Line[] {
  if (names.length === 0) return lines;
  return [...lines, { is: 'typing', key: `typing after ${lines.at(-1)?.key}`, names }];
}

const COUNTED: ReadonlySet<Line['is']> = new Set(['message', 'event', 'note']);

/** How many messages and notes there are after the line with the key `seen`; 0 when there is no such line. */
export function countAfter(lines: readonly Line[], seen: string | undefined): number {
  const index = lines.findLastIndex(({ key }) => key === seen);
  return index === -1 ? 0 : lines.slice(index + 1).filter(({ is }) => COUNTED.has(is)).length;
}

/** About how high (px) a line is, before it has been in the page. */
export function heightOf(line: Line): number {
  if (line.is === 'sending') return 62;
  if (line.is === 'note') return 84;
  if (line.is !== 'message') return 36;
  const text = line.message.message ?? '';
  const rows = Math.floor(text.length / 60) + (text.includes('\n') ? text.split('\n').length - 1 : 0);
  return (line.isFirst ? 68 : 42) + rows * 21 + line.message.attachments.length * 24;
}

/** How many texts are said at once: of more, the newest. */
const SAID_AT_ONCE = 5;

/** Up to where somebody has heard a thread: the line of the newest message, and the time of the newest note (null: notes are not here). */
export type Heard = { readonly message: string; readonly noted: string | null };

/** Up to where the lines go. A note that was deleted was heard all the same. */
export function heardIn(lines: readonly Line[], hasNotes: boolean, before: Heard | null): Heard {
  const message = lines.findLast(({ is }) => is === 'message' || is === 'event')?.key ?? '';
  const last = lines.findLast((line) => line.is === 'note')?.note.created_at ?? '';
  const noted = before?.noted != null && before.noted > last ? before.noted : last;
  return { message, noted: hasNotes ? noted : null };
}

/** What others have written and noted since, for those who hear the page. */
export function newTextsOf(
  lines: readonly Line[],
  { message: heard, noted }: Heard,
  userId: string,
): { readonly key: string; readonly text: string }[] {
  const texts: { key: string; text: string }[] = [];
  let isHeard = false;
  for (let index = lines.length - 1; index >= 0 && texts.length < SAID_AT_ONCE; index--) {
    const line = lines[index];
    if (line === undefined || (isHeard && noted === null)) return texts;
    if (line.key === heard) isHeard = true;
    const text = isHeard && line.is !== 'note' ? null : saidOf(line, noted, userId);
    if (text !== null) texts.unshift({ key: line.key, text });
  }
  return texts;
}

/** What is said of a new line; null for nothing. `noted`: notes up to this time are old. */
function saidOf(line: Line, noted: string | null, userId: string): string | null {
  if (line.is === 'event') return line.text;
  if (line.is === 'note') {
    const { user_id, user_name, message, created_at } = line.note;
    const isNew = noted !== null && created_at > noted && user_id !== userId;
    return isNew ? `Note of ${user_name}: ${message}` : null;
  }
  if (line.is !== 'message' || line.message.sender_id === userId) return null;
  return `${line.message.sender_name ?? 'Visitor'}: ${line.message.message ?? 'Attachment'}`;
}

function isTogether(one: Message, other: Message): boolean {
  return one.sender_id === other.sender_id && Date.parse(other.created_at) - Date.parse(one.created_at) < TOGETHER;
}

/** What a message says that nobody has written; null for one that somebody has. */
export function eventOf({
  type,
  sender_name,
  sender_type,
  message,
  response_text,
  response_to_action,
  response_to_attachment,
}: Message): string | null {
  const who = sender_name ?? (sender_type === 'visitor' ? 'The visitor' : 'Somebody');
  switch (type) {
    case 'msg':
    case 'autosuggest':
      return null;
    case 'join':
      return `${who} joined`;
    case 'leave':
      return `${who} left`;
    case 'tag_created':
      return `${who} added the tag ${message ?? ''}`.trim();
    case 'action':
      return `${who} chose “${response_to_action?.text ?? response_text ?? 'an answer'}”${aboutOf(response_to_attachment)}`;
    case 'call_request':
      return `${who} asked for a call`;
    case 'call_ended':
      return 'The call ended';
    case 'shoppingcart_locked':
      return 'The shopping cart was locked';
    case 'interaction_submit':
      return `${who} submitted a form`;
    case 'system':
      return message ?? '';
  }
}

/** What an answer was chosen to. */
function aboutOf(attachment: Message['response_to_attachment']): string {
  return attachment?.title == null ? '' : ` to “${attachment.title}”`;
}
