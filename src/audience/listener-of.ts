import { type DirectoryDatabases, reachOfOrganization, reachOfUser } from '../directory/reach.ts';
import { teamIdsOfUser } from '../directory/teams.ts';
import { isRoutedHistory, type UserListener } from '../projections/listener.ts';
import type { Channel } from '../resources/channel-path.ts';

/** Who listens, and what is known of him before his reach. */
export type ListenerFacts = Pick<UserListener, 'organization_id' | 'user_id' | 'has_reports' | 'keeps_private_history'>;

/**
 * A listener with the rights that his channels make necessary; what no channel needs is not looked up. The rules of reach are those
 * by which REST answers the same paths (api/chats/scopes.ts).
 */
export async function listenerOf(
  databases: DirectoryDatabases,
  facts: ListenerFacts,
  channels: readonly Pick<Channel, 'chats' | 'part'>[],
): Promise<UserListener> {
  const { organization_id, user_id, has_reports } = facts;
  const needs = (wanted: (channel: Pick<Channel, 'chats' | 'part'>) => boolean) => channels.some(wanted);
  const ofUser = (includesPrivateHistory: boolean, isNeeded: boolean) =>
    user_id === null || !isNeeded ? null : reachOfUser(databases, organization_id, user_id, { includesPrivateHistory });
  const isRouted = ({ chats }: Pick<Channel, 'chats'>) =>
    chats === 'user_routed_chats' || chats === 'user_pending_chats';
  const [reach, historyReach, organizationReach, teams] = await Promise.all([
    ofUser(true, needs(isRouted)),
    ofUser(has_reports, needs(isRoutedHistory)),
    needs(({ chats }) => chats === 'routed_chats')
      ? reachOfOrganization(databases, organization_id, { includesPrivateHistory: has_reports })
      : null,
    user_id !== null && needs(({ part }) => part === 'incoming_invitations')
      ? teamIdsOfUser(databases.identity, organization_id, user_id)
      : [],
  ]);
  return {
    kind: 'user',
    ...facts,
    reach,
    history_reach: historyReach,
    organization_reach: organizationReach,
    stands_for: user_id === null ? [] : [user_id, organization_id, ...teams],
  };
}
