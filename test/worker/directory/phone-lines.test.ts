import { expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase } from '../../../src/db/database.ts';
import { findUserByLine } from '../../../src/directory/phone-lines.ts';
import { enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { admin, testEnv } from '../../support/worker/requests.ts';

const MINUTE = 60_000;

it('remembers that nobody has a number, until a user of the organization gets it', async () => {
  const { organizationId } = await TestOrganization.open();
  const elsewhere = (await TestOrganization.open()).organizationId;
  const cost = noCost();
  const database = openIdentityDatabase(testEnv, cost);
  const find = async (line: string) => (await findUserByLine(database, organizationId, line, MINUTE))?.id ?? null;
  /** D1 is asked so many times while this happens. */
  async function trips(happens: () => Promise<unknown>): Promise<number> {
    const before = cost.d1.trips;
    await happens();
    return cost.d1.trips - before;
  }

  expect(await find('234567668')).toBeNull();
  expect(await trips(() => find('234567668'))).toBe(0);
  // A user of another organization has it; that concerns nobody here.
  await enrollAgent(elsewhere, { extension: '234567668' });
  expect(await trips(() => find('234567668'))).toBe(0);
  expect(await find('234567668')).toBeNull();

  const born = await enrollAgent(organizationId, { extension: '234567668' });
  expect(await find('234567668')).toBe(born.user_id);
  expect(await find('77')).toBeNull();
  const path = `/organizations/${organizationId}/users/${born.user_id}`;
  expect((await admin(path, { method: 'PATCH', body: { did: '77' } })).status).toBe(200);
  expect(await find('77')).toBe(born.user_id);
  expect((await admin(path, { method: 'PATCH', body: { did: null } })).status).toBe(200);
  expect(await find('77')).toBeNull();
  expect((await admin(path, { method: 'DELETE' })).status).toBe(204);
  expect(await find('234567668')).toBeNull();
});
