/** The encrypted chat of the text “Chats API”, in which {VISITOR} writes. Whether a private key reads it is not replayed. */
import { atLeast, type Expected, listWith, some, uuid } from './expectation.ts';
import type { Example } from './replay.ts';

const ORGANIZATION = '/api/v5/orgs/{ORGANIZATION}';
const OWNED = `${ORGANIZATION}/owned_chats`;
const QUESTION = 'Yes, actually you could.';

/** Nobody has the private key. */
const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsrWKuy8i9vanvaB8cUOp
T06qw0x1EOCcRv0JNMJ8VZKmZRKP5UHmmFmy+yqr0oFoLnl7Nhlb7tbJYZ0mUbgd
m8mMDbIv1hvu1FW+m4dNdtNFvH73iYQCv5jKAQT5i5I3F5wUETWS5PdwSPMHB+h2
AQv9x1D3Y/dJ2Hr501iVb7lZaYQzCFV3QHg13LzWcguXT72Nr/+8zzcc0iRBF7iW
awmWhdklC8xPadMrFo4T8iSoBLl6e8Q4PNFwBL+aneM6D84xLfG8EluPMAg4hOGD
XGgTBwNuPAZENsFRcLoVfwZ2riynZq/SQlGvR/Pvs6X+jOUPUhy6kadVp/x1YDdO
QQIDAQAB
-----END PUBLIC KEY-----
`;

const page = (entry: Expected) => atLeast({ next: null, previous: null, results: listWith(entry) });

const setKey = (what: string, encryption_public_key: string | null): Example => ({
  what,
  isPreparation: true,
  call: `PATCH ${ORGANIZATION}`,
  as: 'SETTINGS_TOKEN',
  body: { encryption_public_key },
  status: 200,
  answer: atLeast({ encryption_public_key }),
});

export const encryptedChatExamples: Example[] = [
  setKey('the organization has a public key', PUBLIC_KEY),
  {
    what: 'the visitor comes back',
    isPreparation: true,
    call: 'POST /api/v5/public/orgs/{ORGANIZATION}/rooms/{ROOM}/visitors/{VISITOR}/chats',
    as: 'VISITOR_TOKEN',
    body: {},
    status: 201,
    answer: atLeast({ id: uuid('NEXT_CHAT') }),
  },
  {
    what: 'they write',
    isPreparation: true,
    call: 'POST /api/v5/public/visitors/{VISITOR}/chats/{NEXT_CHAT}/messages',
    as: 'VISITOR_TOKEN',
    body: { message: QUESTION },
    status: 201,
  },
  {
    what: 'an encrypted chat',
    call: `GET ${OWNED}/{NEXT_CHAT}`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: atLeast({ id: '{NEXT_CHAT}', is_encrypted: true, encrypted_symmetric_key: some('text') }),
  },
  {
    what: 'an encrypted message',
    call: `GET ${OWNED}/{NEXT_CHAT}/messages`,
    as: 'SETTINGS_TOKEN',
    status: 200,
    answer: page(
      atLeast({
        type: 'msg',
        chat_id: '{NEXT_CHAT}',
        message: QUESTION,
        is_encrypted: true,
        encrypted_message: some('text'),
        sensitive_data_purged_at: null,
      }),
    ),
  },
  setKey('the organization has no public key any more', null),
];
