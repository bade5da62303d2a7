/** Who and what the random steps of a thread name. */

import type { EncryptionSetting } from '../../src/domain/encryption.ts';
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
/** What makes a chat encrypted. The private key is thrown away. */
export const ENCRYPTION: EncryptionSetting = {
  key_ttl: 300_000,
  public_key: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsrWKuy8i9vanvaB8cUOp
T06qw0x1EOCcRv0JNMJ8VZKmZRKP5UHmmFmy+yqr0oFoLnl7Nhlb7tbJYZ0mUbgd
m8mMDbIv1hvu1FW+m4dNdtNFvH73iYQCv5jKAQT5i5I3F5wUETWS5PdwSPMHB+h2
AQv9x1D3Y/dJ2Hr501iVb7lZaYQzCFV3QHg13LzWcguXT72Nr/+8zzcc0iRBF7iW
awmWhdklC8xPadMrFo4T8iSoBLl6e8Q4PNFwBL+aneM6D84xLfG8EluPMAg4hOGD
XGgTBwNuPAZENsFRcLoVfwZ2riynZq/SQlGvR/Pvs6X+jOUPUhy6kadVp/x1YDdO
QQIDAQAB
-----END PUBLIC KEY-----
`,
};
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
