import { flag } from '../db/rows.ts';
import type { PresenceCopy } from '../directory/record-presence.ts';
import { hasTable } from '../platform/sqlite.ts';
import type { ClientFacts } from '../resources/user-client.ts';
import type { PresenceOwner } from '../rpc/user.ts';
import type { ClientSpan, CopiedPresence } from './presence-rules.ts';

/**
 * The tables of a user's object. The first write makes them: a request with a random id leaves nothing behind. Times
 * are ms. All functions except `hasTables` and `makeTables` need the tables.
 */
const TABLES = [
  // One row: the user, the version of the last copy for D1, what D1 has acknowledged (count null: unknown), the number
  // of chats, and when all chats were last asked whether they still want reports.
  `CREATE TABLE owner (
    one INTEGER PRIMARY KEY CHECK (one = 1), user_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    copy_version INTEGER NOT NULL DEFAULT 0, copied_until INTEGER, copied_count INTEGER,
    chat_count INTEGER NOT NULL DEFAULT 0, checked_at INTEGER NOT NULL)`,
  `CREATE TABLE clients (
    id TEXT PRIMARY KEY, presence_expires_in INTEGER NOT NULL, presence_expires_at INTEGER NOT NULL, gcm_token TEXT,
    properties TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) WITHOUT ROWID`,
  // The open chats in which the user participates. told: the presence that the chat knows; null when unknown.
  `CREATE TABLE chats (chat_id TEXT PRIMARY KEY, told INTEGER) WITHOUT ROWID`,
  'CREATE INDEX chats_by_told ON chats (told)',
  'CREATE TRIGGER chat_added AFTER INSERT ON chats BEGIN UPDATE owner SET chat_count = chat_count + 1; END',
  'CREATE TRIGGER chat_removed AFTER DELETE ON chats BEGIN UPDATE owner SET chat_count = chat_count - 1; END',
];

/** Whether anything was ever stored here. */
export function hasTables(sql: SqlStorage): boolean {
  return hasTable(sql, 'owner');
}

/** Makes the tables at `now` (ms), unless they exist. Must run in the transaction of the first write. */
export function makeTables(sql: SqlStorage, { user_id, organization_id }: PresenceOwner, now: number): void {
  if (hasTables(sql)) return;
  for (const statement of TABLES) sql.exec(statement);
  sql.exec(
    'INSERT INTO owner (one, user_id, organization_id, checked_at) VALUES (1, ?, ?, ?)',
    user_id,
    organization_id,
    now,
  );
}

/** The user or visitor whose object this is. */
export function readOwner(sql: SqlStorage): PresenceOwner {
  return sql.exec<PresenceOwner>('SELECT user_id, organization_id FROM owner').one();
}

type ClientRow = Omit<ClientFacts, 'properties' | 'subscribed_channels'> & {
  properties: string;
  subscribed_channels: string | null;
};

/** The channels of clients that have any, as JSON. Made with its first row. */
const CHANNELS =
  'CREATE TABLE IF NOT EXISTS client_channels (client_id TEXT PRIMARY KEY, channels TEXT NOT NULL) WITHOUT ROWID';

function selectClients(sql: SqlStorage): string {
  if (!hasTable(sql, 'client_channels')) return 'SELECT clients.*, NULL AS subscribed_channels FROM clients';
  return `SELECT clients.*, client_channels.channels AS subscribed_channels FROM clients
    LEFT JOIN client_channels ON client_channels.client_id = clients.id`;
}

/** All clients, the oldest first. */
export function listClients(sql: SqlStorage): ClientFacts[] {
  return sql
    .exec<ClientRow>(`${selectClients(sql)} ORDER BY id`)
    .toArray()
    .map(clientOf);
}

/** A client; null when there is none. */
export function findClient(sql: SqlStorage, id: string): ClientFacts | null {
  const row = sql.exec<ClientRow>(`${selectClients(sql)} WHERE id = ?`, id).toArray()[0];
  return row === undefined ? null : clientOf(row);
}

function clientOf({ properties, subscribed_channels, ...row }: ClientRow): ClientFacts {
  return {
    ...row,
    properties: JSON.parse(properties) as Record<string, unknown>,
    subscribed_channels: subscribed_channels === null ? [] : (JSON.parse(subscribed_channels) as string[]),
  };
}

/** Inserts or replaces a client. */
export function putClient(sql: SqlStorage, client: ClientFacts): void {
  sql.exec(
    `INSERT OR REPLACE INTO clients
       (id, presence_expires_in, presence_expires_at, gcm_token, properties, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    client.id,
    client.presence_expires_in,
    client.presence_expires_at,
    client.gcm_token,
    JSON.stringify(client.properties),
    client.created_at,
    client.updated_at,
  );
  putChannels(sql, client);
}

function putChannels(sql: SqlStorage, { id, subscribed_channels: channels = [] }: ClientFacts): void {
  if (channels.length === 0) {
    deleteChannels(sql, id);
    return;
  }
  sql.exec(CHANNELS);
  sql.exec(
    `INSERT INTO client_channels (client_id, channels) VALUES (?, ?)
     ON CONFLICT (client_id) DO UPDATE SET channels = excluded.channels WHERE channels IS NOT excluded.channels`,
    id,
    JSON.stringify(channels),
  );
}

function deleteChannels(sql: SqlStorage, clientId: string): void {
  if (hasTable(sql, 'client_channels')) sql.exec('DELETE FROM client_channels WHERE client_id = ?', clientId);
}

/** Answers false when there is no such client. */
export function deleteClient(sql: SqlStorage, id: string): boolean {
  deleteChannels(sql, id);
  return sql.exec('DELETE FROM clients WHERE id = ? RETURNING id', id).toArray().length > 0;
}

/** Deletes all clients. */
export function deleteAllClients(sql: SqlStorage): void {
  sql.exec('DELETE FROM clients');
  if (hasTable(sql, 'client_channels')) sql.exec('DELETE FROM client_channels');
}

/** How many clients there are, and when the first and the last expire (ms). */
export function spanOfClients(sql: SqlStorage): ClientSpan {
  return sql
    .exec<ClientSpan>(
      `SELECT count(*) AS count, min(presence_expires_at) AS first, max(presence_expires_at) AS last FROM clients`,
    )
    .one();
}

/** The number of watched chats. */
export function countChats(sql: SqlStorage): number {
  return sql.exec<{ chat_count: number }>('SELECT chat_count FROM owner').one().chat_count;
}

/**
 * Places that are kept for chats which the user is about to join, until when (ms). Made with its first row. Rows that
 * have run out are deleted when the next place is taken.
 */
const PLACES = 'CREATE TABLE IF NOT EXISTS places (chat_id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID';

/** The chats, other than this one, that count at `now` (ms): watched ones, and those for which a place is kept. */
export function countTaken(sql: SqlStorage, chatId: string | null, now: number): number {
  const others = countChats(sql) - (chatId !== null && knownPresence(sql, chatId) !== undefined ? 1 : 0);
  if (!hasTable(sql, 'places')) return others;
  const kept = sql.exec<{ kept: number }>(
    `SELECT count(*) AS kept FROM places
     WHERE until > ? AND chat_id IS NOT ? AND chat_id NOT IN (SELECT chat_id FROM chats)`,
    now,
    chatId,
  );
  return others + kept.one().kept;
}

/** Keeps a place for a chat until then (ms). */
export function keepPlace(sql: SqlStorage, chatId: string, until: number, now: number): void {
  sql.exec(PLACES);
  sql.exec('DELETE FROM places WHERE until <= ?', now);
  sql.exec('INSERT OR REPLACE INTO places (chat_id, until) VALUES (?, ?)', chatId, until);
}

/** Keeps no place for the chat any more: the user did not join it, or it is watched. */
export function dropPlace(sql: SqlStorage, chatId: string): void {
  if (hasTable(sql, 'places')) sql.exec('DELETE FROM places WHERE chat_id = ?', chatId);
}

/** The presence that a chat knows: null when unknown, undefined when the chat is not watched. */
export function knownPresence(sql: SqlStorage, chatId: string): boolean | null | undefined {
  const row = sql.exec<{ told: number | null }>('SELECT told FROM chats WHERE chat_id = ?', chatId).toArray()[0];
  if (row === undefined) return undefined;
  return row.told === null ? null : row.told === 1;
}

/** Watches a chat, or changes the presence that it knows. Writes nothing when that is stored already. */
export function putChat(sql: SqlStorage, chatId: string, known: boolean | null): void {
  sql.exec(
    `INSERT INTO chats (chat_id, told) VALUES (?, ?)
     ON CONFLICT (chat_id) DO UPDATE SET told = excluded.told WHERE told IS NOT excluded.told`,
    chatId,
    flag(known),
  );
}

/** Stores the presence that a chat knows, if the chat is still watched. */
export function setKnownPresence(sql: SqlStorage, chatId: string, known: boolean): void {
  sql.exec('UPDATE chats SET told = ? WHERE chat_id = ?', flag(known), chatId);
}

/** Stops watching a chat. */
export function deleteChat(sql: SqlStorage, chatId: string): void {
  sql.exec('DELETE FROM chats WHERE chat_id = ?', chatId);
}

/**
 * Watched chats that know nothing or know `wrong` (null: only the former), at most `limit`. This is the durable outbox.
 */
export function outdatedChats(sql: SqlStorage, wrong: boolean | null, limit: number): string[] {
  // The comparison with null is true for no row.
  return sql
    .exec<{ chat_id: string }>(
      'SELECT chat_id FROM chats WHERE told = ? UNION ALL SELECT chat_id FROM chats WHERE told IS NULL LIMIT ?',
      flag(wrong),
      limit,
    )
    .toArray()
    .map(({ chat_id }) => chat_id);
}

/** Whether any chat knows the user as present. */
export function isKnownAsPresent(sql: SqlStorage): boolean {
  return sql.exec('SELECT 1 FROM chats WHERE told = 1 LIMIT 1').toArray().length > 0;
}

/** When all chats were last asked whether they still want reports (ms). */
export function readCheckedAt(sql: SqlStorage): number {
  return sql.exec<{ checked_at: number }>('SELECT checked_at FROM owner').one().checked_at;
}

/** Makes all chats outdated at `now` (ms). Chats that the user has left answer that they want no reports. */
export function beginCheck(sql: SqlStorage, now: number): void {
  sql.exec('UPDATE owner SET checked_at = ?', now);
  sql.exec('UPDATE chats SET told = NULL WHERE told IS NOT NULL');
}

/** What D1 has acknowledged. Null when unknown, as after a crash during a copy. */
export function copiedPresence(sql: SqlStorage): CopiedPresence | null {
  const row = sql
    .exec<{ copied_until: number | null; copied_count: number | null }>('SELECT copied_until, copied_count FROM owner')
    .one();
  return row.copied_count === null ? null : { present_until: row.copied_until, current_chat_count: row.copied_count };
}

/** Numbers a copy before it is sent. Until it is acknowledged, what D1 has is unknown. Answers its version. */
export function beginCopy(sql: SqlStorage): number {
  return sql
    .exec<{ copy_version: number }>(
      'UPDATE owner SET copy_version = copy_version + 1, copied_until = NULL, copied_count = NULL RETURNING copy_version',
    )
    .one().copy_version;
}

/** Stores that D1 has this copy. */
export function endCopy(sql: SqlStorage, copy: PresenceCopy): void {
  sql.exec('UPDATE owner SET copied_until = ?, copied_count = ?', copy.present_until, copy.current_chat_count);
}
