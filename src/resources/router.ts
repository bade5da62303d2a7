import { isoTime } from './clock.ts';

/**
 * A router with its targets in order, and its rooms. `id` of a target is null only for `all`, which means all users of its
 * organization. Times in ms.
 */
export type RouterFacts = {
  id: string;
  organization_id: string;
  name: string;
  targets: { kind: 'all' | 'user' | 'team' | 'organization'; id: string | null; include_bots: boolean }[];
  room_ids: string[];
  created_at: number;
  updated_at: number;
};

/** The router as its organization and the operator see it. */
export function routerResource(router: RouterFacts) {
  return {
    id: router.id,
    organization_id: router.organization_id,
    name: router.name,
    targets: router.targets,
    room_ids: router.room_ids,
    created_at: isoTime(router.created_at),
    updated_at: isoTime(router.updated_at),
  };
}

/** How many people and bots targets would reach. */
export type RouterReach = { users: number; bots: number };
