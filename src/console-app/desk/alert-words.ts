import { ALERT_KINDS, type AlertKind } from './preferences.ts';

/** How much there is of each kind; 0 of what the user does not want to hear of. */
export type Alerted = Readonly<Record<AlertKind, number>>;

const SAID: Readonly<Record<AlertKind, (count: number) => string>> = {
  waiting: (count) => (count === 1 ? 'A visitor waits for an answer' : `${count} visitors wait for an answer`),
  mine: (count) => (count === 1 ? 'A visitor has written to you' : `${count} of your chats have new messages`),
  mentioned: (count) => (count === 1 ? 'A note mentions you' : `Notes mention you in ${count} chats`),
  invitations: (count) => (count === 1 ? 'A colleague invites you' : `${count} invitations wait for you`),
};

/** What there is to tell, in words; empty for nothing. */
export function alertWords(alerted: Alerted): string {
  return ALERT_KINDS.filter((kind) => alerted[kind] > 0)
    .map((kind) => SAID[kind](alerted[kind]))
    .join(', ');
}
