import { beforeAll, describe, expect, it } from 'vitest';
import { type Callers, enrollCallers, expectSafe } from '../../support/worker/access-checks.ts';
import { keysOf, ORGANIZATION_KEYS } from '../../support/worker/directory-keys.ts';
import { ask, TIME } from '../../support/worker/organization.ts';
import { enroll, type Person, testEnv } from '../../support/worker/requests.ts';

let callers: Callers;
let manager: Person;

beforeAll(async () => {
  callers = await enrollCallers(['settings']);
  manager = callers.owner;
});

const path = (person: Person) => `/orgs/${person.organization_id}`;

describe('the organization', () => {
  it('is shown and changed', async () => {
    const shown = await ask(callers.powerless, 'GET', path(manager));
    expect([shown.status, keysOf(shown.json)]).toEqual([200, ORGANIZATION_KEYS]);
    expect(shown.json).toMatchObject({ id: manager.organization_id, name: 'Harbour', email: null, created_at: TIME });
    const profile = { email: 'info@example.com', phone: '1', street: 'Quay 1', postal_code: '00100', city: 'Helsinki' };
    const changed = await ask(manager, 'PATCH', path(manager), { ...profile, private_chats: true });
    expect([changed.status, changed.json]).toEqual([200, expect.objectContaining({ name: 'Harbour', ...profile })]);
    const renamed = await ask(manager, 'PATCH', path(manager), { name: 'Haven', phone: null, country: 'FI' });
    expect(renamed.json).toMatchObject({ ...profile, name: 'Haven', phone: null, country: 'FI' });
    expect((await ask(manager, 'GET', path(manager))).json).toEqual(renamed.json);
    expect((await ask(manager, 'GET', '/users/me')).json).toMatchObject({ organization: { name: 'Haven' } });
  });

  it('is present and online when its users are', async () => {
    const own = await enroll();
    const there = async () => {
      const { is_present, is_online, is_humans_online } = (await ask(own, 'GET', path(own))).json;
      return [is_present, is_online, is_humans_online];
    };
    expect(await there()).toEqual([false, false, false]);
    await testEnv.DB.prepare('UPDATE users SET present_until = ? WHERE id = ?')
      .bind(Date.now() + 60_000, own.user_id)
      .run();
    expect(await there()).toEqual([true, true, true]);
  });

  it('refuses invalid values', async () => {
    const refused = await ask(manager, 'PATCH', path(manager), { name: 'x'.repeat(65), email: 'nobody', city: 7 });
    expect([refused.status, refused.json]).toEqual([
      400,
      {
        name: ['Ensure this field has no more than 64 characters.'],
        email: ['Enter a valid email address.'],
        city: ['Not a valid string.'],
      },
    ]);
  });

  it('is safe', async () => {
    const route = { path: (id: string) => `/api/v5/orgs/${id}`, unknown: 403 } as const;
    await expectSafe({ ...route, method: 'GET', needsScope: false }, callers);
    await expectSafe({ ...route, method: 'PATCH', body: { name: 'x' } }, callers);
  });
});
