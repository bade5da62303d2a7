import { isoTime } from './clock.ts';
import { timeOfUuid } from './uuid.ts';

/** An entry of the audit log. The id is a UUID version 7 of its time. */
export type AuditEntry = {
  id: string;
  /** Null for what belongs to no organization. */
  organization_id: string | null;
  actor_type: 'operator' | 'user';
  /** A user, or `operator`. */
  actor_id: string;
  /** The stored token of the user, or the installation by which an app acted; null for the operator. */
  token_id: string | null;
  app_id: string | null;
  /** The `operationId` of the route. */
  action: string;
  target_type: string | null;
  target_id: string | null;
  /** JSON object without secrets. */
  details: string;
  /** The answer to a call that changed nothing; null for a change. */
  status: number | null;
  address: string | null;
  request_id: string;
};

/** The entry as the API shows it. */
export function auditEntryResource(entry: AuditEntry) {
  const { target_type, target_id } = entry;
  return {
    id: entry.id,
    created_at: isoTime(timeOfUuid(entry.id)),
    organization_id: entry.organization_id,
    actor: {
      type: entry.actor_type,
      id: entry.actor_type === 'operator' ? null : entry.actor_id,
      token_id: entry.token_id,
      app_id: entry.app_id,
    },
    action: entry.action,
    target: target_type === null || target_id === null ? null : { type: target_type, id: target_id },
    details: JSON.parse(entry.details) as Record<string, unknown>,
    status: entry.status,
    address: entry.address,
    request_id: entry.request_id,
  };
}
