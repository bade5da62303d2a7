import type { UserFacts } from '../../../resources/user.ts';
import type { NestedOrganization } from '../../../resources/user-account.ts';

/**
 * The organization of all examples: Harbour Books, a shop that answers its mail through the hub. On one day Jane Doe asks where
 * her order is, and Alice Berg answers. Times in ms.
 */

/** When something happened on the day of the examples: `12:22:17.511`. */
export function at(time: string): number {
  return Date.parse(`2026-11-21T${time}Z`);
}

/** When the shop came to the hub, long before. */
export const FOUNDED = Date.parse('2026-03-02T08:00:00.000Z');

export const ids = {
  organization: '01a1fe0e-2427-726c-b9f7-bd2e11921d1d',
  partner: '01a1fe0e-2429-7d10-9c55-0f6f3a1b7e42',
  room: '01a1fe0e-242e-7152-98be-28935ce27c94',
  team: '01a1fe0e-2433-7a81-8f0e-6a2d9b4c5d13',
  router: '01a1fe0e-2437-7c22-a1b5-8d3e7f605142',
  agent: '01a1fe0e-243c-704a-b403-63acf83fd278',
  colleague: '01a1fe0e-243e-7d52-8b60-5e9a1c7f4d38',
  bot: '01a1fe0e-2440-7e19-8c6d-4b5a69788f90',
  token: '01a1fe0e-2444-7b3f-9e8d-7c6b5a493827',
  client: '01a1fe0e-a9d2-7f04-8a1b-2c3d4e5f6071',
  channel: '01a1fe0e-aea7-7b1b-a16a-7a002ccfd0b9',
  mapping: '01a1fe0e-af44-7c3a-9d21-5b6f7a8c9d0e',
  chat: '01a1fe0e-af44-7dda-b8f4-1bac75f27f95',
  question: '01a1fe0e-af44-7dda-b8f4-1bac00000005',
  suggestion: '01a1fe0e-b00c-7dda-b8f4-1bac00000006',
  answer: '01a1fe0e-b0ae-7dda-b8f4-1bac00000008',
  attachment: '01a1fe0e-b0ae-7a3c-91d4-5e6f708192a3',
  action: '01a1fe0e-b0ae-7b4d-82e5-6f708192a3b4',
  invitation: '01a1fe0e-b1f2-7dda-b8f4-1bac00000009',
  delivery: '01a1fe0e-b0ae-75b8-8281-e1160d0504ad',
  app: '01a1fe0e-9f31-7d5e-8b6a-1c2d3e4f5061',
  icon: '01a1fe0e-9f31-7e6f-9c7b-2d3e4f506172',
  webhook: '01a1fe0e-a1b2-7c3d-8e4f-5a6b7c8d9e0f',
  installation: '01a1fe0e-a2c4-7f80-9d8c-3e4f50617283',
  installationToken: '01a1fe0e-a3d0-7a15-8b2c-4f5061728394',
  file: '01a1fe0e-b0a1-7e2f-8a3b-5c6d7e8f9012',
  purge: '01a1fe0e-b3a0-7c1d-8e2f-3a4b5c6d7e8f',
  purgeOfChat: '01a1fe0e-b3a0-7dda-b8f4-1bac0000000b',
  /** Ids of visitors are no UUIDs. */
  visitor: '7d0f2c8e51ab4396a0c4e9d3b1f86275',
} as const;

export const organization: NestedOrganization = { id: ids.organization, name: 'Harbour Books' };

export const room = { id: ids.room, name: 'Support', organization_id: ids.organization };

export const agent: UserFacts = {
  id: ids.agent,
  first_name: 'Alice',
  last_name: 'Berg',
  organization_id: ids.organization,
  alias: 'Alice',
  avatar: null,
  is_bot: false,
  is_staff: false,
};

/** The bot user of the app in the shop. */
export const bot: UserFacts = {
  id: ids.bot,
  first_name: 'Order lookup',
  last_name: '',
  organization_id: ids.organization,
  alias: null,
  avatar: null,
  is_bot: true,
  is_staff: false,
};
