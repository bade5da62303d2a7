import { describe, expect, it } from 'vitest';
import { findPrincipal, insertToken, newToken, revokeToken, tokenDigest } from '../../../src/directory/tokens.ts';
import { deleteUser, findDeletedUsers, findUsers, updateUser, userFacts } from '../../../src/directory/users.ts';
import { findVisitor, listVisitorVariables } from '../../../src/directory/visitors.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { AT, cost, database, newOrganization, newRoom, newUser, page } from '../../support/worker/directory-rows.ts';

describe('users', () => {
  it('are found many at a time, within their organization only', async () => {
    const organization = await newOrganization();
    const [first, second, gone] = [
      await newUser(organization, 'a'),
      await newUser(organization, 'b'),
      await newUser(organization, 'c'),
    ];
    const stranger = await newUser(await newOrganization());
    await deleteUser(database, organization, gone, AT);
    const found = await findUsers(database, organization, [first, second, gone, stranger, 'nobody']);
    expect(found.map(({ id }) => id).sort()).toEqual([first, second].sort());
    expect(await findUsers(database, organization, [])).toEqual([]);
  });

  it('are known as deleted, whatever their organization', async () => {
    const [mine, other] = [await newOrganization(), await newOrganization()];
    const [here, gone, goneElsewhere] = [await newUser(mine), await newUser(mine), await newUser(other)];
    await deleteUser(database, mine, gone, AT);
    await deleteUser(database, other, goneElsewhere, AT);
    expect(await findDeletedUsers(database, [here, gone, goneElsewhere, 'nobody'])).toEqual(
      new Set([gone, goneElsewhere]),
    );
    expect(await findDeletedUsers(database, [])).toEqual(new Set());
  });

  it('become facts with booleans for flags, and an avatar only if both of its parts are set', async () => {
    const organization = await newOrganization();
    const id = await newUser(organization);
    const changes = { avatar_id: newUuid(AT), avatar_url: 'https://example.com/a.png', is_bot: 1 as const };
    const row = await updateUser(database, organization, id, changes, AT + 1);
    expect(row && userFacts(row)).toEqual({
      id,
      first_name: 'Ada',
      last_name: '',
      organization_id: organization,
      alias: null,
      avatar: { id: changes.avatar_id, url: changes.avatar_url },
      is_bot: true,
      is_staff: false,
    });
    expect(row && userFacts({ ...row, avatar_id: null }).avatar).toBeNull();
  });
});

describe('tokens', () => {
  it('give their user and organization in one query', async () => {
    const organization = await newOrganization();
    const user_id = await newUser(organization);
    const token = newToken();
    const digest = tokenDigest(token);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const id = newUuid(AT);
    const stored = {
      digest,
      id,
      user_id,
      label: '',
      scopes: ['settings'] as const,
      expires_at: AT + 5,
      created_at: AT,
    };
    expect(await insertToken(database, await newOrganization(), stored)).toBeNull();
    expect(await insertToken(database, organization, stored)).toMatchObject({ digest, scopes: '["settings"]' });
    const trips = cost.d1.trips;
    expect(await findPrincipal(database, digest)).toMatchObject({
      token_id: id,
      user_id,
      organization_id: organization,
      organization_name: 'Harbour',
      database: 'DB',
      has_active_subscription: 1,
      expires_at: AT + 5,
    });
    expect(cost.d1.trips - trips).toBe(1);
    expect(await findPrincipal(database, token)).toBeNull();
    await revokeToken(database, organization, user_id, id, AT + 1);
    expect(await findPrincipal(database, digest)).toBeNull();
    expect(await revokeToken(database, organization, user_id, id, AT + 2)).toMatchObject({ revoked_at: AT + 1 });
  });

  it('are random and have one form', () => {
    const tokens = Array.from({ length: 50 }, newToken);
    expect(new Set(tokens).size).toBe(50);
    for (const token of tokens) expect(token).toMatch(/^umi_[A-Za-z0-9_-]{43}[0-9a-z]{7}$/);
  });
});

describe('visitors', () => {
  it('are found only in their room, with the name from their variable', async () => {
    const organization = await newOrganization();
    const room = await newRoom(organization);
    const visitor = crypto.randomUUID().replaceAll('-', '');
    await database.run(
      'INSERT INTO visitors (id, organization_id, room_id, created_at) VALUES (?, ?, ?, ?)',
      visitor,
      organization,
      room,
      AT,
    );
    const setName = (value: string | null) =>
      database.run(
        `INSERT INTO visitor_variables (visitor_id, key, value, created_at, at, thread, seq) VALUES (?, 'username', ?, 1, 1, 't', 1)
         ON CONFLICT DO UPDATE SET value = excluded.value`,
        visitor,
        value,
      );
    expect(await findVisitor(database, room, visitor)).toEqual({
      id: visitor,
      room_id: room,
      is_passing: 0,
      name: null,
    });
    await setName('Väinö');
    expect(await findVisitor(database, room, visitor)).toMatchObject({ name: 'Väinö' });
    await setName(null);
    expect(await findVisitor(database, room, visitor)).toMatchObject({ name: null });
    expect(await findVisitor(database, await newRoom(organization), visitor)).toBeNull();
    expect(await findVisitor(database, room, 'nobody')).toBeNull();
  });
});

describe('visitor variables', () => {
  it('are those of a visitor of the room, without deleted ones', async () => {
    const organization = await newOrganization();
    const room = await newRoom(organization);
    const visitor = crypto.randomUUID().replaceAll('-', '');
    await database.run(
      'INSERT INTO visitors (id, organization_id, room_id, created_at) VALUES (?, ?, ?, ?)',
      visitor,
      organization,
      room,
      AT,
    );
    expect(await listVisitorVariables(database, organization, room, visitor, page(5))).toEqual([]);
    for (const [key, value] of [
      ['b', '2'],
      ['a', '1'],
      ['c', null],
      ['d', ''],
    ]) {
      await database.run(
        'INSERT INTO visitor_variables (visitor_id, key, value, created_at, at, thread, seq) VALUES (?, ?, ?, ?, ?, ?, ?)',
        visitor,
        key,
        value,
        AT,
        AT,
        'thread',
        1,
      );
    }
    const all = await listVisitorVariables(database, organization, room, visitor, page(5));
    expect(all?.map(({ key, value }) => [key, value])).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['d', ''],
    ]);
    expect((await listVisitorVariables(database, organization, room, visitor, page(5, ['a'])))?.length).toBe(2);
    expect(
      await listVisitorVariables(database, organization, await newRoom(organization), visitor, page(5)),
    ).toBeNull();
    expect(await listVisitorVariables(database, await newOrganization(), room, visitor, page(5))).toBeNull();
  });
});
