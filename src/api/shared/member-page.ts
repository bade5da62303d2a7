import { findDeletedUsers } from '../../directory/users.ts';
import { type AppContext, identityDatabase } from '../../http/app-environment.ts';
import type { Page } from '../../http/collection.ts';
import { pageOfAll } from '../../http/page-of-all.ts';
import type { MemberView } from '../../resources/membership.ts';

/** A page of a chat's memberships. Members are never removed from a chat's list, so an index in it can be the key. */
export function pageOfMembers<Resource>(c: AppContext, page: Page, resources: readonly Resource[]) {
  const placed = resources.map((resource, place) => ({ resource, place: place + 1 }));
  return pageOfAll(
    c,
    page,
    placed,
    ({ place }) => [place],
    ({ resource }) => resource,
  );
}

/** Members as `show` presents them. One query to D1 finds the deleted users among them. */
export async function showMembers<Resource>(
  c: AppContext,
  members: readonly MemberView[],
  show: (member: MemberView, isUserDeleted: boolean) => Resource,
): Promise<Resource[]> {
  const users = members.filter(({ member_type }) => member_type === 'user').map(({ member_id }) => member_id);
  const deleted = await findDeletedUsers(identityDatabase(c), users);
  return members.map((member) => show(member, deleted.has(member.member_id)));
}
