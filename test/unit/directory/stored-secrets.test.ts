import { expect, test } from 'vitest';
import type { StoredSecret } from '../../../src/db/rows.ts';
import {
  currentPrefix,
  type SecretPlace,
  SecretsUnavailable,
  secretsProblem,
  unwrapSecret,
  wrapSecret,
} from '../../../src/directory/stored-secrets.ts';

const keyOf = (byte: number, encoding: 'base64' | 'base64url' = 'base64') => Buffer.alloc(32, byte).toString(encoding);
const one = { SECRETS_KEY: keyOf(1) };
const two = { SECRETS_KEY: keyOf(2) };
const PLACE: SecretPlace = { table: 'channels', id: 'c1', column: 'secret' };
const textOf = (stored: StoredSecret) => stored as unknown as string;
const storedAs = (text: string) => text as unknown as StoredSecret;

test('a wrapped secret shows nothing of itself, not even that two are the same, and opens in its place', async () => {
  const wrapped = await Promise.all([wrapSecret(one, PLACE, 'whsec_é'), wrapSecret(one, PLACE, 'whsec_é')]);
  expect(textOf(wrapped[0])).not.toBe(textOf(wrapped[1]));
  for (const each of wrapped) {
    expect(textOf(each)).toMatch(/^v1\.[0-9a-f]{8}\.[\w-]+$/);
    expect(Buffer.from(textOf(each).split('.')[2] ?? '', 'base64url').includes('whsec')).toBe(false);
    expect(await unwrapSecret(one, PLACE, each)).toBe('whsec_é');
  }
});

test('it opens in no other place, and not when a character was changed', async () => {
  const wrapped = await wrapSecret(one, PLACE, 'whsec_a');
  const others: SecretPlace[] = [
    { ...PLACE, table: 'apps' },
    { ...PLACE, id: 'c2' },
    { ...PLACE, column: 'previous_secret' },
  ];
  const refused = 'a secret in channels was changed, or comes from another place';
  for (const place of others) {
    await expect(unwrapSecret(one, place, wrapped)).rejects.toThrow('was changed, or comes from another place');
  }
  for (const at of [12, 20, 30, 45]) {
    const text = textOf(wrapped);
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
    await expect(unwrapSecret(one, PLACE, storedAs(changed))).rejects.toThrow(refused);
  }
  await expect(unwrapSecret(one, PLACE, storedAs(textOf(wrapped).slice(0, 20)))).rejects.toThrow(refused);
});

test('the previous key opens what it has wrapped; only the current one wraps', async () => {
  const both = { ...two, SECRETS_KEY_PREVIOUS: one.SECRETS_KEY };
  const old = await wrapSecret(one, PLACE, 'whsec_a');
  expect(await unwrapSecret(both, PLACE, old)).toBe('whsec_a');
  const fresh = await wrapSecret(both, PLACE, 'whsec_a');
  expect(textOf(fresh).startsWith(await currentPrefix(two))).toBe(true);
  expect(await unwrapSecret(two, PLACE, fresh)).toBe('whsec_a');
});

test('a key that is not there is named by its id, which tells nothing of it', async () => {
  const wrapped = await wrapSecret(one, PLACE, 'whsec_a');
  const [ids1, ids2] = [await currentPrefix(one), await currentPrefix(two)].map((prefix) => prefix.split('.')[1]);
  expect(ids1).not.toBe(ids2);
  const error = await unwrapSecret(two, PLACE, wrapped).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SecretsUnavailable);
  expect(String(error)).toContain(`was wrapped by the key ${ids1}, and the Worker has ${ids2}`);
});

test('without a key, or with one of another form, nothing is wrapped and the problem says so', async () => {
  const longer = Buffer.alloc(33, 1).toString('base64');
  for (const [SECRETS_KEY, problem] of [
    [undefined, 'SECRETS_KEY is not set'],
    ['', 'SECRETS_KEY is not set'],
    ['secret', 'SECRETS_KEY is not the base64 of 32 bytes'],
    [longer, 'SECRETS_KEY is not the base64 of 32 bytes'],
  ] as const) {
    const env = SECRETS_KEY === undefined ? {} : { SECRETS_KEY };
    expect(await secretsProblem(env)).toBe(problem);
    await expect(wrapSecret(env, PLACE, 'x')).rejects.toThrow(new SecretsUnavailable(problem));
  }
  expect(await secretsProblem({ ...one, SECRETS_KEY_PREVIOUS: 'x' })).toContain('SECRETS_KEY_PREVIOUS is not');
});

test('both alphabets of base64 are the same key, with or without its padding and a line break', async () => {
  const wrapped = await wrapSecret({ SECRETS_KEY: keyOf(0xfb) }, PLACE, 'whsec_a');
  for (const text of [keyOf(0xfb, 'base64url'), `${keyOf(0xfb)}\n`]) {
    expect(await secretsProblem({ SECRETS_KEY: text })).toBeNull();
    expect(await unwrapSecret({ SECRETS_KEY: text }, PLACE, wrapped)).toBe('whsec_a');
  }
});

test('a secret from before there were keys is read as it is', async () => {
  for (const text of ['whsec_abc', 'umiapp_abc', btoa('0123456789abcdef0123456789abcdef')]) {
    expect(await unwrapSecret({}, PLACE, storedAs(text))).toBe(text);
  }
});
