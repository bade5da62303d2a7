/** Who and what the random steps of a thread name. */

import type { NewAttachment } from '../../src/resources/attachment.ts';
import type { Invitee } from '../../src/resources/invitation.ts';
import type { UserFacts } from '../../src/resources/user.ts';
import { VISITOR } from './sample-events.ts';
import { ORGANIZATION, ROOM } from './thread-model.ts';

/** The kinds of threads, with the commands that each can get. */
export const VISITOR_IDENTITY = { kind: 'visitor', room_id: ROOM.id, visitor_id: VISITOR } as const;
export const USERS_IDENTITY = { kind: 'chat', id: '018f0000-0000-7000-8000-0000000000c9' } as const;

const FOREIGN_ORGANIZATION = '018f0000-0000-7000-8000-00000000000f';
export const TEAM: Invitee = { kind: 'team', id: '018f0000-0000-7000-8000-000000000201', name: 'Night shift' };
/** Idle times are short enough for the pauses between steps. ms. */
export const LIFETIME = { idle: 120_000, total: 1_000_000 };
export const USERS: UserFacts[] = [
  user(1, ORGANIZATION, false),
  user(2, ORGANIZATION, true),
  user(3, FOREIGN_ORGANIZATION, false),
];

export function user(place: number, organization_id: string, is_bot: boolean): UserFacts {
  const id = `018f0000-0000-7000-8000-0000000001${place}0`;
  const names = { first_name: 'User', last_name: String(place), alias: place === 1 ? 'Alias' : null };
  return { id, ...names, organization_id, avatar: null, is_bot, is_staff: false };
}

/** An attachment with a link, and an action that can be disabled in each way. */
export const ATTACHMENT: NewAttachment = {
  title: 'Was it helpful?',
  title_link_url: 'https://example.com/title',
  text: null,
  image_url: null,
  image_link_url: null,
  actions: [
    {
      text: 'Yes',
      type: 'button',
      value: 'yes',
      style: 'secondary',
      is_disabled_on_selection: true,
      is_disabled_on_visitor_message: true,
    },
  ],
  interaction_id: null,
  attachment_url: null,
  parameters: null,
};
