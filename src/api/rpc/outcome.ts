import type { ThreadRefusal } from '../../domain/refusals.ts';
import type { Refusal } from '../../http/refusals.ts';

/** What a method answers, or why it is refused: by the hub's directory, or by a thread. */
export type Outcome<Result extends object = object> =
  | { ok: true; result: Result }
  | { ok: false; refusal: Refusal }
  | { ok: false; thread: ThreadRefusal };

export function refused(detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason: 'not_found', detail } };
}

export function invalid(field: string, message: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { reason: 'invalid', fields: { [field]: [message] } } };
}

export const SESSION_NOT_FOUND = refused('Session not found.');
export const MESSAGE_NOT_FOUND = refused('Message not found.');
