import type { Belongings, ThreadUpdate, Visibility } from './notifications.ts';

/** How updates named the members of a chat before silent ones were told apart. */
type OldMembers = {
  user_ids: string[];
  organization_ids: string[];
  joined_user_ids: string[];
  joined_organization_ids: string[];
};

/** An update in the present form: hubs keep updates for a day, and threads of an older version publish others. */
export function upcastUpdate(update: ThreadUpdate): ThreadUpdate {
  const { place } = update;
  if (!('user_ids' in place)) return update;
  const { user_ids, organization_ids, joined_user_ids, joined_organization_ids, ...rest } = place as Visibility &
    OldMembers;
  const all = (open: string[], joined: readonly string[]): Belongings => {
    return { open, silent: [], before: Object.fromEntries(joined.map((id) => [id, null])) };
  };
  const users = all(user_ids, joined_user_ids);
  const organizations = all(organization_ids, joined_organization_ids);
  const organization_id = place.room?.organization_id ?? '';
  return { ...update, place: { ...rest, organization_id, users, organizations } };
}
