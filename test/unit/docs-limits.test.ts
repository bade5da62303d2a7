import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXACT_LIMITS } from '../../src/http/rate-limits.ts';
import { QUOTAS } from '../../src/resources/quotas.ts';
import { numbersIn, tableRows } from '../support/document-tables.ts';

const read = (path: string) => readFileSync(path, 'utf8');

type Schema = { [key: string]: unknown };

/** The bounds that the API's document gives each property and parameter, by name: `maxLength: 255`, … */
function boundsByName(): Map<string, Set<number>> {
  const bounds = new Map<string, Set<number>>();
  function note(name: string, schema: Schema): void {
    const known = bounds.get(name) ?? new Set();
    for (const key of ['maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'maxProperties']) {
      if (typeof schema[key] === 'number') known.add(schema[key]);
    }
    bounds.set(name, known);
  }
  function walk(node: unknown, name: string | null): void {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const each of node) walk(each, name);
      return;
    }
    const schema = node as Schema;
    if (name !== null) note(name, schema);
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties') for (const [property, each] of Object.entries(value as Schema)) walk(each, property);
      else if (key === 'schema' && typeof schema['name'] === 'string') walk(value, schema['name']);
      else walk(value, ['anyOf', 'oneOf', 'allOf'].includes(key) ? name : null);
    }
  }
  walk(JSON.parse(read('public/openapi.json')), null);
  return bounds;
}

/** The numeric constants of the source by name. Arithmetic is evaluated. */
function constantsByName(): Map<string, Set<number>> {
  const constants = new Map<string, Set<number>>();
  for (const path of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    for (const [, name = '', value = ''] of read(join('src', path)).matchAll(
      /^(?:export )?const ([A-Z_]+) = ([\d_* ]+);/gm,
    )) {
      const factors = value.split('*').map((factor) => Number(factor.trim().replaceAll('_', '')));
      constants.set(
        name,
        (constants.get(name) ?? new Set()).add(factors.reduce((product, factor) => product * factor, 1)),
      );
    }
  }
  return constants;
}

/**
 * Limits that are in no schema: the row of docs/limits.md, the constant, and how many units of the constant make one
 * unit of the row.
 */
const CONSTANTS: readonly [row: string, constant: string, unit?: number][] = [
  ['body of a request without a token', 'PUBLIC_BODY'],
  ['body of a request of a visitor', 'VISITOR_BODY'],
  ['body of a request of a user or the operator', 'USER_BODY'],
  ["body of a user's message", 'USER_MESSAGE_BODY'],
  ["body of a channel's messages", 'CHANNEL_MESSAGES_BODY'],
  ['elements in a body above 65,536 bytes', 'JSON_ELEMENTS'],
  ['levels in a body above 65,536 bytes', 'JSON_LEVELS'],
  ['a file', 'FILE_BYTES'],
  ['files of a message', 'FILES_OF_A_MESSAGE'],
  ['what a form has beside its file', 'FORM_BYTES'],
  ['a text in an encrypted chat', 'ENCRYPTED_MESSAGE_BYTES'],
  ['attachments of a message', 'ATTACHMENTS_BYTES'],
  ['levels of nesting in attachments', 'ATTACHMENTS_LEVELS'],
  ['attachments and actions of a message together', 'ATTACHMENTS_ELEMENTS'],
  ['`properties` of a client', 'PROPERTIES_LIMIT'],
  ["`console` of a user's preferences", 'CONSOLE_BYTES'],
  ['levels of nesting in `properties`', 'PROPERTIES_LEVELS'],
  ['unexpired clients of a user', 'MOST_CLIENTS'],
  ['members of a chat', 'MEMBERS_OF_A_CHAT'],
  ['a draft', 'CHANNEL_MESSAGE_CHARACTERS'],
  ['notes of an organization about a chat', 'MOST_NOTES'],
  ['users whom a note mentions', 'MOST_MENTIONED'],
  ['canned replies of a user, of a team, of an organization', 'MOST_CANNED_REPLIES'],
  ['a draft that nobody changes', 'DRAFTS_KEPT', 24 * 3_600_000],
  ['tags of a chat', 'TAGS_OF_A_CHAT'],
  ['invitations of a chat, closed ones too', 'INVITATIONS_OF_A_CHAT'],
  ['secrets of visitors that an organization revokes in half an hour', 'MAX_REVOCATIONS'],
  ['log of one thread', 'FULL_AT'],
  ['a page of messages, suggestions or events', 'PAGE_CHARACTERS'],
  [
    'a page of a list across chats, of threads, deliveries, rooms or visitors, whose filter no index answers',
    'SCAN_ROWS',
  ],
  ['`is_present` of visitors: present ones that an index finds', 'PRESENT_AT_ONCE'],
  ['a list of chats by `updated_at`', 'SORTED_CHATS'],
  ['threads replayed by one call', 'MAX_LANES_PER_CALL'],
  ['webhooks read by one call of a bulk replay', 'MAX_DELIVERIES_PER_CALL'],
  ["the receiver's answer that is read", 'MAX_ANSWER_BYTES'],
  ["the receiver's answer that is kept", 'KEPT_BYTES'],
  ['`Retry-After` that is honoured', 'MAX_RETRY_AFTER_SECONDS', 3600],
  ["retries of an app's webhook", 'APP_RETRY_COUNT'],
  ['log of finished webhooks, bodies and attempts', 'KEEP_DELIVERIES', 24 * 3_600_000],
  ['an entry of the audit log', 'KEEP_AUDIT_LOG', 24 * 3_600_000],
  ['a client without `presence_expires_in`', 'DEFAULT_EXPIRES_IN'],
  ["a visitor's presence without `presence_expires_in`", 'DEFAULT_EXPIRES_IN'],
  ["a visitor's access token", 'VISITOR_TOKEN_SECONDS'],
  ['a visitor without chat and variable is known after their visit', 'KEEP_PASSING', 3_600_000],
  ["an app's token in a webhook", 'APP_USER_TOKEN_SECONDS'],
  ['`data` and `token` of a trigger', 'TRIGGER_SECONDS'],
  ['the code for `/identity/token`', 'APP_USER_CODE_SECONDS'],
  ['a lasting token of an app that is not used', 'LASTING_TOKEN_UNUSED', 24 * 3_600_000],
  ['autosuggestions of a room', 'MOST_AUTOSUGGESTIONS'],
  ['rooms, and teams, that an organization offers to partners at the same time', 'MOST_OFFERS'],
  ['people, or bots, whom targets reach, as they are counted', 'MOST_REACHED'],
  ['spans in the service hours of a room', 'MOST_SPANS'],
  ['`subscribed_channels` of a client', 'MOST_CHANNELS'],
  ['lasting tokens of an installation', 'MAX_LASTING_TOKENS'],
  ['tokens of a user, revoked ones too', 'MAX_TOKENS'],
  ['sessions of a user in browsers', 'MAX_SESSIONS'],
  ['a sign-in link', 'SIGN_IN_LINK_LASTS', 60_000],
  ['a sign-in link of an invitation', 'INVITATION_LASTS', 3_600_000],
  ['a session of a browser that is not used', 'SESSION_UNUSED', 3_600_000],
  ['a session of a browser, however much it is used', 'SESSION_LONGEST', 24 * 3_600_000],
  ["chats hear that a user's last client has expired", 'GRACE', 1000],
  ['`typing` that is not said again', 'TYPING_LASTS', 1000],
  ['sockets of a user or visitor', 'MOST_OF_OWNER'],
  ['sockets of an organization', 'MOST_OF_HUB'],
  ['unused tickets of a user or visitor', 'MOST_TICKETS'],
  ['time for which a ticket opens a socket', 'TICKET_LIFETIME', 1000],
  ['channels of a socket', 'MOST_TOPICS'],
  ["channels of an organization's sockets", 'MOST_SUBSCRIPTIONS'],
  ['unacknowledged frames of a socket', 'MOST_FRAMES'],
  ['unacknowledged characters of a socket', 'MOST_CHARACTERS'],
  ["unacknowledged characters of an organization's sockets", 'MOST_UNACKNOWLEDGED'],
  ['events kept for those who come back', 'KEEP_EVENTS'],
  ['time for which they are kept', 'KEEP_FOR', 3_600_000],
  ["a visitor's hub that never had an event, without sockets", 'KEEP_EMPTY_FOR', 60_000],
];

/** Limits that are written into a statement of the source. */
const IN_STATEMENTS: readonly [row: string, statement: string][] = [
  ['attachments with the template `interaction` or `external`', "template !== 'generic' && given.length > 1"],
  ["an attempt of a channel's webhook", 'CHANNEL_TIMES: AttemptTimes = { deadline: 5_000'],
  ["an attempt of an app's webhook", 'INSTALLATION_TIMES: AttemptTimes = { deadline: 10_000'],
  ['delay before a retry', 'MAX_BACKOFF_MILLISECONDS = 12 * MILLISECONDS_PER_HOUR'],
  ['conversation starters of a user', 'already has a conversation starter with this language code'],
];

describe('docs/limits.md', () => {
  test('gives each field the bounds of the API', () => {
    const bounds = boundsByName();
    const rows = tableRows('docs/limits.md', 'Fields');
    expect(rows.length).toBeGreaterThan(30);
    for (const [field = '', of = '', limit = ''] of rows) {
      const known = bounds.get(field.replaceAll('`', '')) ?? new Set();
      const stated = numbersIn(limit.split(/[,;(]\D/)[0]?.replace(/ \(.*/, '') ?? '');
      expect(stated.length, `${field} of ${of}`).toBeGreaterThan(0);
      for (const number of stated)
        expect([field, of, [...known]], `${number}`).toEqual([field, of, expect.arrayContaining([number])]);
    }
  });

  test('gives each limit the value of the code', () => {
    const constants = constantsByName();
    const rows = ['Requests and resources', 'Lists', 'Webhooks', 'Time', 'Live sockets'].flatMap((heading) =>
      tableRows('docs/limits.md', heading),
    );
    const named = new Map(rows.map(([what = '', limit = '']) => [what, limit]));
    expect([...named.keys()].sort()).toEqual([...CONSTANTS, ...IN_STATEMENTS].map(([row]) => row).sort());
    for (const [row, constant, unit = 1] of CONSTANTS) {
      const values = [...(constants.get(constant) ?? [])].map((value) => value / unit);
      const stated = numbersIn(named.get(row) ?? '');
      expect(
        stated.some((number) => values.includes(number)),
        `${row}: ${stated} but ${constant} is ${values}`,
      ).toBe(true);
    }
    const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .map((path) => read(join('src', path)))
      .join('\n');
    for (const [, statement] of IN_STATEMENTS) expect(source).toContain(statement);
  });

  test('has the default of each quota', () => {
    const stated = tableRows('docs/limits.md', 'Quotas').map(([name = '', value = '']) => [name, numbersIn(value)[0]]);
    expect(stated).toEqual(Object.entries(QUOTAS).map(([name, value]) => [`\`${name}\``, value]));
  });

  test('has the rates of every environment', () => {
    const bindings = read('wrangler.toml').matchAll(
      /ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = 60 \}/g,
    );
    const found = Array.from(bindings, ([, name = '', id = '', limit]) => ({ name, id, limit: Number(limit) }));
    const stated = tableRows('docs/limits.md', 'Rates').map(([name = '', , , limit = '']) => ({
      name: name.replaceAll('`', ''),
      limit: numbersIn(limit)[0],
    }));
    expect(found.map(({ name, limit }) => ({ name, limit }))).toEqual([...stated, ...stated, ...stated]);
    // Counters are shared by all Workers of an account that name the same id.
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  });

  test('has the rates that threads count', () => {
    const stated = tableRows('docs/limits.md', 'Exact rates').map(([name = '', , most = '', period = '']) => [
      name.replaceAll('`', ''),
      { most: numbersIn(most)[0], period: 1000 * (numbersIn(period)[0] ?? 0) },
    ]);
    expect(Object.fromEntries(stated)).toEqual(EXACT_LIMITS);
  });
});
