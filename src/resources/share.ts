import { isoTime } from './clock.ts';

/** `offered`: the partner has not accepted yet, and nothing is shared. */
export const SHARE_STATUSES = ['offered', 'shared'] as const;
export type ShareStatus = (typeof SHARE_STATUSES)[number];

/** With whom a room or team is shared. `organization_id`: the partner. `created_at`: since when it has its status, in ms. */
export type Share = { organization_id: string; status: ShareStatus; created_at: number };

/** The share as its owner sees it. `name`: of the partner. */
export function shareResource({ organization_id, status, created_at }: Share, name: string) {
  return {
    organization_id,
    organization: { id: organization_id, name },
    status,
    created_at: isoTime(created_at),
  };
}

/** A room or team of another organization. Times in ms. */
export type ReceivedShare = {
  id: string;
  name: string;
  organization_id: string;
  organization_name: string;
  status: ShareStatus;
  /** Since when it has its status. */
  created_at: number;
  /** When the owner deleted it. The chats of a deleted room stay visible while it is shared. */
  deleted_at: number | null;
};

/** The share as the partner sees it. */
export function receivedShareResource(share: ReceivedShare) {
  return {
    id: share.id,
    name: share.name,
    organization_id: share.organization_id,
    organization: { id: share.organization_id, name: share.organization_name },
    status: share.status,
    is_deleted: share.deleted_at !== null,
    created_at: isoTime(share.created_at),
  };
}
