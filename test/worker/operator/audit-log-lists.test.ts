import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../../../src/db/database.ts';
import {
  type AuditEntry,
  type AuditedDatabase,
  type AuditFilter,
  deleteOldAuditEntries,
  insertAuditEntry,
  KEEP_AUDIT_LOG,
  listAuditEntries,
} from '../../../src/directory/audit-log.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { openApp, trigger } from '../../support/worker/apps.ts';
import { setClock } from '../../support/worker/clock.ts';
import { Gateway } from '../../support/worker/gateway.ts';
import { ask, type Json, resultsOf } from '../../support/worker/organization.ts';
import { ORGANIZATION_BINDING } from '../../support/worker/organization-database.ts';
import { admin, call, enroll, type Person, testEnv } from '../../support/worker/requests.ts';

const NOON = Date.UTC(2026, 2, 1, 12);

let owner: Person;
let colleague: Person;
let other: Person;
/** When the entries of the rooms were made, oldest first. */
const TIMES = [1, 2, 3, 4, 5].map((hour) => NOON + hour * 3_600_000);

const rooms = ({ organization_id }: Person) => `/orgs/${organization_id}/rooms`;
const log = ({ organization_id }: Person) => `/orgs/${organization_id}/audit_log`;

async function entriesOf(person: Person, query = ''): Promise<Json[]> {
  const answer = await ask(person, 'GET', `${log(person)}${query}`);
  expect([answer.status, answer.json['detail']]).toEqual([200, undefined]);
  return resultsOf(answer);
}

const namesOf = (entries: Json[]) => entries.map(({ action }) => action);

beforeAll(async () => {
  setClock(NOON);
  owner = await enroll({ scopes: ['settings', 'users'] });
  colleague = await enroll({ organization_id: owner.organization_id, scopes: ['settings', 'users'] });
  other = await enroll({ scopes: ['settings'] });
  for (const [place, at] of TIMES.entries()) {
    setClock(at);
    await ask(place % 2 === 0 ? owner : colleague, 'POST', rooms(owner), { name: `Room ${place}` });
    await ask(other, 'POST', rooms(other), { name: 'Elsewhere' });
  }
  vi.useRealTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the audit log of an organization', () => {
  it('has its entries, the newest first, and none of others', async () => {
    const entries = await entriesOf(owner);
    expect(namesOf(entries).slice(0, 5)).toEqual(Array(5).fill('createRoom'));
    expect(entries.slice(0, 5).map(({ created_at }) => created_at)).toEqual(
      TIMES.toReversed().map((at) => new Date(at).toISOString()),
    );
    expect(new Set(entries.map(({ organization_id }) => organization_id))).toEqual(new Set([owner.organization_id]));
    // What the operator did in it is there, too, since the organization was made.
    expect(namesOf(entries).slice(5)).toEqual(
      expect.arrayContaining(['adminCreateToken', 'adminCreateUser', 'adminCreateOrganization']),
    );
  });

  it('is paged in both directions', async () => {
    const all = await entriesOf(owner);
    const walked: unknown[] = [];
    let previous: string | null = null;
    for (let url: string | null = `/api/v5${log(owner)}?page_size=2`; url !== null; ) {
      const page = await call(url, { authorization: `Bearer ${owner.token}` });
      expect(page.status).toBe(200);
      walked.push(...resultsOf(page).map(({ id }) => id));
      url = page.json['next'] as string | null;
      previous = page.json['previous'] as string | null;
    }
    expect(walked).toEqual(all.map(({ id }) => id));
    const back = await call(String(previous), { authorization: `Bearer ${owner.token}` });
    const place = all.length % 2 === 0 ? all.length - 4 : all.length - 3;
    expect(resultsOf(back)).toEqual(all.slice(place, place + 2));
  });

  it('is filtered by actor, action, target and times', async () => {
    const [newest] = await entriesOf(owner);
    const target = newest?.['target'] as { id: string };
    expect(await entriesOf(owner, `?actor_id=${colleague.user_id}`)).toHaveLength(2);
    expect(await entriesOf(owner, `?actor_id=${owner.user_id.toUpperCase()}`)).toHaveLength(3);
    expect(await entriesOf(owner, '?action=createRoom')).toHaveLength(5);
    expect(await entriesOf(owner, `?target_id=${target.id}`)).toEqual([newest]);
    const byOperator = await entriesOf(owner, '?actor_id=operator');
    expect(byOperator.length).toBeGreaterThan(3);
    expect(namesOf(byOperator).every((action) => String(action).startsWith('admin'))).toBe(true);
    const between = (from: number, to: number) =>
      `?created_at_after=${new Date(from).toISOString()}&created_at_before=${new Date(to).toISOString()}`;
    const [first = 0, second = 0, , fourth = 0] = TIMES;
    expect(await entriesOf(owner, between(first, second))).toEqual([]);
    expect(await entriesOf(owner, between(first, second + 1))).toHaveLength(1);
    expect(await entriesOf(owner, between(first, fourth))).toHaveLength(2);
    expect(await entriesOf(owner, `${between(first, fourth)}&actor_id=${colleague.user_id}`)).toHaveLength(1);
    expect(await entriesOf(other, `?target_id=${target.id}`)).toEqual([]);
  });

  it.each([
    ['actor_id=nobody', 'actor_id'],
    [`actor_id=operator&action=createRoom`, 'action'],
    [`action=createRoom&target_id=x`, 'target_id'],
    ['created_at_after=yesterday', 'created_at_after'],
    ['cursor=nonsense', 'cursor'],
  ])('refuses %s', async (query, field) => {
    const answer = await ask(owner, 'GET', `${log(owner)}?${query}`);
    expect([answer.status, Object.keys(answer.json)]).toEqual([400, [field]]);
  });

  it('needs the scope settings, and belongs to the organization', async () => {
    const plain = await enroll({ organization_id: owner.organization_id, scopes: ['users', 'reports'] });
    expect((await ask(plain, 'GET', log(owner))).status).toBe(403);
    expect((await ask(other, 'GET', log(owner))).status).toBe(403);
    expect((await call(`/api/v5${log(owner)}`)).status).toBe(401);
    expect((await call(`/api/v5${log(owner)}`, { authorization: 'Bearer umi_unknown' })).status).toBe(401);
  });

  it('shows where tenants came from, and not where the operator did', async () => {
    const headers = { 'CF-Connecting-IP': '2001:db8::7' };
    const person = await enroll({ scopes: ['settings'] });
    await admin(`/organizations/${person.organization_id}`, { headers });
    await call(`/api/v5${rooms(person)}`, {
      method: 'POST',
      body: { name: 'X' },
      headers,
      authorization: `Bearer ${person.token}`,
    });
    const [own, operators] = await entriesOf(person);
    expect([own?.['address'], operators?.['address']]).toEqual(['2001:db8::7', null]);
    const [, seen] = resultsOf(await admin(`/audit?organization_id=${person.organization_id}`));
    expect(seen?.['address']).toBe('2001:db8::7');
  });

  it('names the app by which somebody acted', async () => {
    const { manager, app, installation } = await openApp();
    const opened = await trigger(manager, installation, 'type=manual_nav');
    const authorization = `GIOSGAPP ${opened.parameters.get('token')} ${app.secret}`;
    const path = `/api/v5/orgs/${manager.organization_id}/users/${manager.user_id}`;
    const changed = await call(path, { method: 'PATCH', authorization, body: { title: 'Clerk' } });
    expect(changed.status).toBe(200);
    const [entry] = resultsOf(await admin(`/audit?organization_id=${manager.organization_id}`));
    expect(entry).toMatchObject({
      actor: { type: 'user', id: manager.user_id, app_id: app.id },
      action: 'updateUser',
      target: { type: 'user', id: manager.user_id },
      details: { fields: ['title'] },
    });
  });

  it('has who read the secret of a channel', async () => {
    const gateway = await Gateway.open();
    const channel = await gateway.register();
    await gateway.get(`/${channel}/secret`);
    await gateway.get(`/${channel}`);
    await gateway.get(`/${crypto.randomUUID()}/secret`);
    const entries = resultsOf(await admin(`/audit?organization_id=${gateway.organizationId}&page_size=1`));
    expect(entries).toMatchObject([
      { action: 'getChannelSecret', status: 200, target: { type: 'channel', id: channel } },
    ]);
  });
});

describe('the audit log of the hub', () => {
  it('has the entries of all organizations, and those of none', async () => {
    await admin('/rebuild', { method: 'POST', body: { ids: [] } });
    const period = `created_at_after=${new Date(NOON).toISOString()}&created_at_before=2026-03-02T00:00:00Z`;
    const all = resultsOf(await admin(`/audit?${period}`));
    const counted = Map.groupBy(all, ({ organization_id }) => organization_id);
    expect([counted.get(owner.organization_id)?.length, counted.get(other.organization_id)?.length]).toEqual([5, 5]);
    // Reading the log is a call, too.
    expect(resultsOf(await admin('/audit?page_size=2'))).toMatchObject([
      { action: 'adminListAuditLog', organization_id: null, status: 200 },
      { action: 'adminRebuildChats', organization_id: null },
    ]);
  });

  it('is filtered within an organization only', async () => {
    const within = await admin(`/audit?organization_id=${owner.organization_id}&actor_id=${colleague.user_id}`);
    expect(resultsOf(within)).toHaveLength(2);
    const without = await admin(`/audit?actor_id=${colleague.user_id}`);
    expect([without.status, without.json]).toEqual([400, { actor_id: ['Only together with organization_id.'] }]);
  });
});

describe('the rows of the audit log', () => {
  const cost = noCost();
  const open = (): AuditedDatabase[] => {
    const first = openIdentityDatabase(testEnv, cost);
    if (ORGANIZATION_BINDING === 'DB') return [first];
    return [first, openOrganizationDatabase(testEnv, { database: ORGANIZATION_BINDING }, cost)];
  };
  const entry = (at: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
    id: newUuid(at),
    organization_id: 'crowded',
    actor_type: 'user',
    actor_id: 'ann',
    token_id: null,
    app_id: null,
    action: 'createRoom',
    target_type: 'room',
    target_id: newUuid(at),
    details: '{}',
    status: null,
    address: null,
    request_id: 'r',
    ...more,
  });
  const first = { key: null, direction: 'next', limit: 6 } as const;

  beforeEach(async () => {
    for (const database of open()) await database.run('DELETE FROM audit_log');
  });

  it('are read along an index by every filter: a page reads about as many as it has', async () => {
    const [database] = open();
    if (database === undefined) throw new Error('no database');
    for (let place = 0; place < 400; place++) {
      const rare = place % 80 === 0 ? { actor_id: 'rare', action: 'rare', target_id: 'rare' } : {};
      await insertAuditEntry(database, entry(NOON + place, rare));
    }
    const whole: AuditFilter = { organization_id: 'crowded', by: null, after: null, before: null };
    const filters: AuditFilter[] = [
      whole,
      { ...whole, organization_id: null },
      { ...whole, after: NOON + 100, before: NOON + 104 },
      ...(['actor_id', 'action', 'target_id'] as const).map((column) => ({ ...whole, by: { column, value: 'rare' } })),
    ];
    for (const filter of filters) {
      const before = cost.d1.rowsRead;
      const page = await listAuditEntries([database], filter, first);
      expect(page.length).toBe(filter.after !== null ? 3 : filter.by === null ? 6 : 5);
      expect([filter, cost.d1.rowsRead - before]).toEqual([filter, expect.toSatisfy((read: number) => read <= 24)]);
    }
  });

  it('of two databases are one list', async () => {
    const databases = open();
    const kept: string[] = [];
    for (let place = 0; place < 9; place++) {
      const each = entry(NOON + place);
      kept.unshift(each.id);
      await insertAuditEntry(databases[place % databases.length] as AuditedDatabase, each);
    }
    const whole: AuditFilter = { organization_id: 'crowded', by: null, after: null, before: null };
    const page = async (key: string | null, direction: 'next' | 'previous') =>
      (await listAuditEntries(databases, whole, { key: key === null ? null : [key], direction, limit: 4 })).map(
        ({ id }) => id,
      );
    expect(await page(null, 'next')).toEqual(kept.slice(0, 4));
    expect(await page(kept[3] ?? '', 'next')).toEqual(kept.slice(4, 8));
    expect(await page(kept[8] ?? '', 'previous')).toEqual(kept.slice(4, 8).toReversed());
  });

  it('are deleted after 400 days, in portions', async () => {
    const [database] = open();
    if (database === undefined) throw new Error('no database');
    for (let place = -3; place < 3; place++) await insertAuditEntry(database, entry(NOON + place));
    const left = async () => (await database.all('SELECT id FROM audit_log')).length;
    expect(await deleteOldAuditEntries(database, NOON + KEEP_AUDIT_LOG)).toBe(3);
    expect(await left()).toBe(3);
    expect(await deleteOldAuditEntries(database, NOON + KEEP_AUDIT_LOG)).toBe(0);
    const limits: unknown[] = [];
    const counting = {
      ...database,
      run: async (_sql: string, ...parameters: unknown[]) => {
        const limit = Number(parameters.at(-1));
        limits.push(limit);
        return { changes: limit };
      },
    };
    expect(await deleteOldAuditEntries(counting, NOON)).toBe(50_000);
    expect(new Set(limits)).toEqual(new Set([5000]));
  });
});
