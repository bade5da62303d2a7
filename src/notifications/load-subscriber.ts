import type { RoutedRooms } from '../directory/routed-rooms.ts';
import type { Topic } from '../resources/topic.ts';
import { isRoutedHistory, isText, type UserSubscriber } from './subscriber.ts';

/** The identity of a subscriber and its rights, before its rooms are known. */
export type SubscriberFacts = Pick<
  UserSubscriber,
  'organization_id' | 'user_id' | 'has_reports' | 'keeps_private_history'
> & { is_bot: boolean };

/**
 * A subscriber with all its rights. Its rooms follow the same rules as the same paths in REST (api/chats/scopes.ts).
 */
export function subscriberOf(routed: RoutedRooms, { is_bot, ...facts }: SubscriberFacts): UserSubscriber {
  const { organization_id, user_id, has_reports } = facts;
  const user = user_id === null ? null : { id: user_id, is_bot };
  const member = user === null ? null : routed.ofMember(user, facts);
  return {
    kind: 'user',
    ...facts,
    reach: user === null ? null : routed.ofUser(user, { includesPrivateHistory: true }),
    history_reach: user === null ? null : routed.ofUser(user, { includesPrivateHistory: has_reports }),
    member_reach: member?.reach ?? null,
    member_history: member?.history ?? null,
    organization_reach: routed.ofOrganization({ includesPrivateHistory: has_reports }),
    stands_for: user_id === null ? [] : [user_id, organization_id, ...routed.teamsOf(user_id)],
  };
}

type Wanted = Pick<Topic, 'chats' | 'part'>;

/** Whether any of the topics depends on routed rooms or on teams. */
export function needRoutedRooms(topics: readonly Wanted[]): boolean {
  return topics.some(
    (topic) => isRouted(topic) || isOfMember(topic) || isRoutedToOrganization(topic) || isInvited(topic),
  );
}

/** A subscriber with only what its topics need, to be stored. `routed` is null when they need no routed rooms. */
export function subscriberFor(
  routed: RoutedRooms | null,
  facts: SubscriberFacts,
  topics: readonly Wanted[],
): UserSubscriber {
  const { is_bot: _isBot, ...stored } = facts;
  const { organization_id, user_id } = facts;
  const stands_for = user_id === null ? [] : [user_id, organization_id];
  const without = { reach: null, history_reach: null, member_reach: null, organization_reach: null, stands_for };
  if (routed === null) return { kind: 'user', ...stored, ...without };
  const all = subscriberOf(routed, facts);
  return {
    ...all,
    reach: topics.some(isRouted) ? all.reach : null,
    history_reach: topics.some(isRoutedHistory) ? all.history_reach : null,
    member_reach: topics.some(isOfMember) ? all.member_reach : null,
    member_history: topics.some(isOfMemberText) ? (all.member_history ?? null) : null,
    organization_reach: topics.some(isRoutedToOrganization) ? all.organization_reach : null,
    stands_for: topics.some(isInvited) ? all.stands_for : stands_for,
  };
}

function isRouted({ chats }: Wanted): boolean {
  return chats === 'user_routed_chats' || chats === 'user_pending_chats';
}

function isOfMember({ chats }: Wanted): boolean {
  return chats === 'user_chats';
}

function isOfMemberText(topic: Wanted): boolean {
  return isOfMember(topic) && isText(topic);
}

function isRoutedToOrganization({ chats }: Wanted): boolean {
  return chats === 'routed_chats' || chats === 'involved_chats';
}

function isInvited({ part }: Wanted): boolean {
  return part === 'incoming_invitations';
}
