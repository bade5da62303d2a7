import { beforeAll, describe, expect, it } from 'vitest';
import {
  findInvitation,
  type InvitationFilters,
  listIncomingInvitations,
} from '../../../src/chats/list-invitations.ts';
import {
  AT,
  type CopiedChat,
  copiedChat,
  cost,
  database,
  walkPages,
  writeChats,
  writeInvitation,
} from '../../support/worker/copied-chats.ts';

const INVITATIONS = 900;
const INVITEES = ['user', 'team-1', 'team-2', 'organization'];

type Invited = { id: string; invitee: string; isAccepted: boolean; isExpired: boolean };
const invited: Invited[] = [];
let chat: CopiedChat;

/** Invitations of a user, their teams, their organization and another user. One of thirty is open. */
beforeAll(async () => {
  chat = copiedChat(AT, { members: [{ id: 'inviter', organization_id: 'own', is_participating: true }] });
  await writeChats([chat]);
  for (let number = 0; number < INVITATIONS; number++) {
    const invitee = [...INVITEES, 'somebody'][number % 5] ?? '';
    const isAccepted = number % 30 > 20;
    const isExpired = number % 30 > 0 && !isAccepted;
    const created_at = AT + number;
    const ends = { ...(isAccepted ? { accepted_at: AT } : {}), ...(isExpired ? { expired_at: AT } : {}) };
    const id = await writeInvitation(chat.id, invitee, { created_at, ...ends });
    invited.push({ id, invitee, isAccepted, isExpired });
  }
});

const keyOf = ({ invitation }: { invitation: { id: string } }) => [invitation.id];

describe('incoming invitations', () => {
  it.each([
    [{}, () => true],
    [{ is_accepted: true }, (one) => one.isAccepted],
    [{ is_accepted: false }, (one) => !one.isAccepted && !one.isExpired],
    [{ is_expired: true }, (one) => one.isExpired],
    [{ is_expired: false }, (one) => !one.isExpired],
    [{ is_accepted: true, is_expired: true }, () => false],
  ] as [InvitationFilters, (one: Invited) => boolean][])(
    'of all their invitees with %j: each once, oldest first',
    async (filters, test) => {
      const list = (keyset: Parameters<typeof listIncomingInvitations>[3]) =>
        listIncomingInvitations(database, [...INVITEES, 'team-1'], filters, keyset);
      const { forth, back, reads } = await walkPages(50, list, keyOf);
      expect(forth).toEqual(invited.filter((one) => one.invitee !== 'somebody' && test(one)).map(({ id }) => id));
      expect(back).toEqual(forth);
      for (const { rows, trips } of reads) {
        expect(trips).toBe(1);
        expect(rows).toBeLessThanOrEqual(Object.keys(filters).length === 0 ? INVITEES.length * 54 : 1000);
      }
    },
  );

  it('include their chat, for its counts', async () => {
    const { rows } = await listIncomingInvitations(database, ['user'], {}, { key: null, direction: 'next', limit: 2 });
    expect(rows.map((row) => row.chat.id)).toEqual([chat.id, chat.id]);
    expect(rows[0]).toMatchObject({ invitation: { invitee: { id: 'user' } }, chat: { user_member_count: 1 } });
  });

  it('of one invitee cost three rows each', async () => {
    const before = cost.d1.rowsRead;
    const { rows } = await listIncomingInvitations(database, ['user'], {}, { key: null, direction: 'next', limit: 51 });
    expect(rows).toHaveLength(51);
    expect(cost.d1.rowsRead - before).toBeLessThanOrEqual(3 * 50 + 4);
  });

  it('without an invitee are none', async () => {
    const none = await listIncomingInvitations(database, [], {}, { key: null, direction: 'next', limit: 2 });
    expect(none).toEqual({ rows: [], cut_at: null });
  });
});

describe('an invitation', () => {
  it('is found by its id', async () => {
    const { id } = invited[3] ?? { id: '' };
    const found = await findInvitation(database, id);
    expect(found).toMatchObject({ chat_id: chat.id, invitee_id: 'organization', facts: { id } });
    expect(await findInvitation(database, chat.id)).toBeNull();
  });
});
