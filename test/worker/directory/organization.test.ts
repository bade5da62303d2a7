import { beforeAll, describe, expect, it } from 'vitest';
import { newKeyPair, pemOf } from '../../support/chat-decrypter.ts';
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

const RSA = { name: 'RSA-OAEP', hash: 'SHA-1', publicExponent: new Uint8Array([1, 0, 1]) };

/** A key that nobody can decrypt with: the last bytes of an RSA key are its exponent, 65537. */
function evenExponent(publicKey: string): string {
  const bytes = Uint8Array.from(atob(publicKey.replaceAll(/-.*|\n/g, '')), (character) => character.charCodeAt(0));
  expect([...bytes.slice(-5)]).toEqual([2, 3, 1, 0, 1]);
  bytes[bytes.length - 1] = 0;
  return pemOf(bytes);
}

async function publicKeyOf(algorithm: object, usages: string[]): Promise<string> {
  const pair = (await crypto.subtle.generateKey(algorithm as never, true, usages as never)) as CryptoKeyPair;
  return pemOf(new Uint8Array((await crypto.subtle.exportKey('spki', pair.publicKey)) as ArrayBuffer));
}

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

  it('takes a public key, in whatever form of PEM, and lets go of it', async () => {
    const own = await enroll({ scopes: ['settings'] });
    const { publicKey } = await newKeyPair();
    const patched = (encryption_public_key: unknown) => ask(own, 'PATCH', path(own), { encryption_public_key });
    const shown = async () => (await ask(own, 'GET', path(own))).json['encryption_public_key'];
    expect(await shown()).toBeNull();
    const set = await patched(`\n${publicKey.trim().replaceAll('\n', '\r\n')}`);
    expect([set.status, set.json['encryption_public_key']]).toEqual([200, publicKey]);
    expect(await shown()).toBe(publicKey);
    expect((await ask(own, 'PATCH', path(own), { name: 'Other' })).json['encryption_public_key']).toBe(publicKey);
    const problem = ['Enter an RSA public key of 2048 to 4096 bits in PEM (BEGIN PUBLIC KEY).'];
    for (const text of [
      await publicKeyOf({ ...RSA, modulusLength: 1024 }, ['encrypt', 'decrypt']),
      await publicKeyOf({ name: 'ECDSA', namedCurve: 'P-256' }, ['sign', 'verify']),
      evenExponent(publicKey),
      publicKey.slice(0, 300),
      publicKey.replaceAll('PUBLIC', 'PRIVATE'),
      publicKey + publicKey,
      'key',
    ]) {
      const refused = await patched(text);
      expect([refused.status, refused.json]).toEqual([400, { encryption_public_key: problem }]);
    }
    const long = await patched(publicKey + ' '.repeat(2000));
    expect(long.json).toMatchObject({ encryption_public_key: ['Ensure this field has no more than 2000 characters.'] });
    expect(await shown()).toBe(publicKey);
    expect((await patched(null)).json['encryption_public_key']).toBeNull();
    expect(await shown()).toBeNull();
  });

  it('is safe', async () => {
    const route = { path: (id: string) => `/api/v5/orgs/${id}`, unknown: 403 } as const;
    await expectSafe({ ...route, method: 'GET', needsScope: false }, callers);
    await expectSafe({ ...route, method: 'PATCH', body: { name: 'x' } }, callers);
  });
});
