import { isoTime, isoTimeOrNull } from './clock.ts';

/** A purge that a tenant or the operator has asked for. Times in ms. */
export type PurgeFacts = {
  id: string;
  organization_id: string;
  kind: 'visitor' | 'thread' | 'chat';
  visitor_id: string | null;
  room_id: string | null;
  chat_id: string | null;
  before: number | null;
  requested_by_user_id: string | null;
  created_at: number;
  finished_at: number | null;
};

/** The purge as the API shows it. It never shows what it purges. */
export function purgeResource(purge: PurgeFacts) {
  return {
    id: purge.id,
    organization_id: purge.organization_id,
    kind: purge.kind,
    room_id: purge.room_id,
    visitor_id: purge.visitor_id,
    chat_id: purge.chat_id,
    created_at_before: isoTimeOrNull(purge.before),
    requested_by_user_id: purge.requested_by_user_id,
    status: purge.finished_at === null ? ('running' as const) : ('done' as const),
    created_at: isoTime(purge.created_at),
    finished_at: isoTimeOrNull(purge.finished_at),
  };
}
