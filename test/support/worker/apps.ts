import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { appUserToken } from '../../../src/directory/app-tokens.ts';
import { findOrMakeHubKeys } from '../../../src/directory/signing-keys.ts';
import { type Audience, deriveSigningKey, type SigningKeys } from '../../../src/directory/token-keys.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { SIGNING_KEY, SIGNING_KEY_ID } from './empty-hub.ts';
import { firstDatabase } from './first-database.ts';
import { ask, type Json, unique } from './organization.ts';
import { type Answer, call, enroll, type Person, testEnv } from './requests.ts';

export const ALL_SCOPES = ['settings', 'users', 'reports'];

/** A valid app with only the required fields. */
export function newApp(more: Json = {}): Json {
  return {
    name: unique('App'),
    terms_url: 'https://apps.example.com/terms',
    privacy_url: 'https://apps.example.com/privacy',
    ...more,
  };
}

export const OWNED_CHATS = '/api/v5/orgs/{organization_id}/owned_chats';

export function newWebhook(more: Json = {}): Json {
  return {
    endpoint_url: 'https://receiver.example.com/hook?key=a%20b',
    channel_pattern: OWNED_CHATS,
    on_added: true,
    ...more,
  };
}

export type CreatedApp = { id: string; secret: string; json: Json };
export type Installation = { id: string; app_user_id: string | null; json: Json };

/** A person with every scope in a new organization. */
export function enrollManager(): Promise<Person> {
  return enroll({ scopes: ALL_SCOPES });
}

export const orgOf = (person: Person) => `/orgs/${person.organization_id}`;

export async function createApp(person: Person, more: Json = {}): Promise<CreatedApp> {
  const answer = await ask(person, 'POST', `${orgOf(person)}/apps`, newApp(more));
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  return { id: String(answer.json['id']), secret: String(answer.json['secret']), json: answer.json };
}

export async function install(person: Person, appId: string): Promise<Installation> {
  const answer = await ask(person, 'POST', `${orgOf(person)}/app_installations`, { app_id: appId });
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
  const bot = answer.json['app_user_id'];
  return { id: String(answer.json['id']), app_user_id: bot === null ? null : String(bot), json: answer.json };
}

/** A webhook as `newWebhook` makes it, with a pattern that is unique in its app. */
export function anotherWebhook(more: Json = {}): Json {
  return newWebhook({ channel_pattern: `${OWNED_CHATS}/${newUuid(Date.now())}/messages`, ...more });
}

export async function uninstall(person: Person, installation: Installation): Promise<void> {
  const answer = await ask(person, 'DELETE', `${orgOf(person)}/app_installations/${installation.id}`);
  expect(answer.status).toBe(204);
}

export const TRIGGER_URL = 'https://apps.example.com/open?tenant=a%20b&x=1';

/** An app with a bot user and triggers, installed by its own organization. It has no `uninstall` trigger. */
export async function openApp(
  more: Json = {},
): Promise<{ manager: Person; app: CreatedApp; installation: Installation }> {
  const manager = await enrollManager();
  const app = await createApp(manager, {
    is_app_user_required: true,
    required_scopes: ['reports'],
    trigger_url: TRIGGER_URL,
    trigger_types: ['install', 'setup', 'manual_nav', 'chat_open'],
    ...more,
  });
  return { manager, app, installation: await install(manager, app.id) };
}

/** The parameters of the URL that opens an app. */
export async function trigger(
  person: Pick<Person, 'token'> & { organization_id: string },
  installation: { id: string },
  query: string,
): Promise<{ answer: Answer; parameters: URLSearchParams }> {
  const path = `/orgs/${person.organization_id}/app_installations/${installation.id}/trigger?${query}`;
  const answer = await ask(person, 'GET', path);
  const url = answer.status === 200 ? String(answer.json['url']) : 'https://refused.example';
  return { answer, parameters: new URL(url).searchParams };
}

/**
 * What an app that the person has installed and opened can send as `Authorization`. The app and the person have these
 * scopes.
 */
export async function appCredentials(person: Person, scopes: readonly string[]): Promise<Map<string, string>> {
  const app = await createApp(person, {
    is_app_user_required: true,
    required_scopes: scopes,
    trigger_url: TRIGGER_URL,
    trigger_types: ['manual_nav'],
  });
  const installation = await install(person, app.id);
  const { organization_id } = person;
  const bot = { organization_id, user_id: String(installation.app_user_id), app_id: app.id, scopes };
  const { parameters } = await trigger(person, installation, 'type=manual_nav');
  return new Map([
    ['the token in a webhook', `Bearer ${await appUserToken(await hubKeys(), bot, Date.now())}`],
    ['the token of a trigger', `GIOSGAPP ${parameters.get('token')} ${app.secret}`],
    ['a lasting token', `Token ${await lastingToken(app, codeIn(parameters))}`],
  ]);
}

/** The code in the parameters of a trigger. */
export function codeIn(parameters: URLSearchParams): string {
  return String(decodeJwt(parameters.get('data') ?? '')['app_user_code']);
}

/** Exchanges a code for a lasting token of the app's bot user. */
export async function lastingToken(app: Pick<CreatedApp, 'id' | 'secret'>, code: string): Promise<string> {
  const form = { grant_type: 'authorization_code', code, client_id: app.id, client_secret: app.secret };
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const raw = `${new URLSearchParams(form)}`;
  const answer = await call('/identity/token', { method: 'POST', raw, headers });
  expect([answer.status, answer.text]).toEqual([200, expect.any(String)]);
  return String(answer.json['access_token']);
}

/** The refusal of an app's credentials. */
export const APP_REFUSED = [403, { detail: 'The credentials of an app are not accepted here.' }];

/** The keys that sign the hub's own tokens. */
export async function hubKeys(): Promise<SigningKeys> {
  return (await findOrMakeHubKeys(testEnv, firstDatabase(noCost()), Date.now())).signing;
}

/** Signing keys as somebody has them who knows only these bytes. */
export function keysOf(secret: Uint8Array<ArrayBuffer>): Promise<SigningKeys> {
  return Promise.all([deriveSigningKey(SIGNING_KEY_ID, 0, secret)]);
}

/** The bytes that sign a kind of token, derived as the documents say, to forge with. */
export async function keyBytes(audience: Audience): Promise<Uint8Array> {
  const secret = Uint8Array.from(atob(SIGNING_KEY), (character) => character.charCodeAt(0));
  const root = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(`umi/tokens/${audience}`);
  const purpose = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(purpose, root, 256));
}
