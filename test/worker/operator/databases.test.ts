import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import {
  ORGANIZATION_BINDING,
  ORGANIZATION_TABLES,
  organizationD1,
  TABLES_OF_BOTH,
  tablesIn,
} from '../../support/worker/organization-database.ts';
import { admin } from '../../support/worker/requests.ts';

const create = (body: Record<string, unknown>) => admin('/organizations', { method: 'POST', body });

describe('the database of an organization', () => {
  it('is chosen when it is created, is shown to the operator, and never changes', async () => {
    const created = await create({ name: 'North', database: ORGANIZATION_BINDING });
    expect([created.status, created.json['database']]).toEqual([201, ORGANIZATION_BINDING]);
    const path = `/organizations/${created.json['id']}`;
    const changed = await admin(path, { method: 'PATCH', body: { name: 'South', database: 'DELIVERY_LOG' } });
    expect(changed.json).toMatchObject({ name: 'South', database: ORGANIZATION_BINDING });
    expect((await admin(path)).json).toMatchObject({ database: ORGANIZATION_BINDING });
    expect((await create({ name: 'West' })).json).toMatchObject({ database: 'DB' });
  });

  it('holds its rooms', async () => {
    const { json } = await create({ name: 'North', database: ORGANIZATION_BINDING });
    const room = await admin(`/organizations/${json['id']}/rooms`, { method: 'POST', body: { name: 'Support' } });
    const row = organizationD1.prepare('SELECT organization_id FROM rooms WHERE id = ?').bind(room.json['id']);
    expect(await row.first('organization_id')).toBe(json['id']);
  });

  it.each(['DB_9', 'DELIVERY_LOG', 'THREADS', 'toString', '', 7, null])('cannot be %j', async (database) => {
    const before = (await admin('/organizations?page_size=200')).text;
    const refused = await create({ name: 'North', database });
    expect([refused.status, Object.keys(refused.json)]).toEqual([400, ['database']]);
    expect((await admin('/organizations?page_size=200')).text).toBe(before);
  });

  it('has tables of its own in these tests, when it is another one than the first', async () => {
    const own = await tablesIn(organizationD1);
    expect(own).toEqual(expect.arrayContaining([...ORGANIZATION_TABLES]));
    const shared = (await tablesIn(env.DB)).filter((table) => own.includes(table));
    expect(shared).toEqual(ORGANIZATION_BINDING === 'DB' ? own : TABLES_OF_BOTH);
  });
});
