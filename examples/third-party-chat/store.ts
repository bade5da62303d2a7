import { DatabaseSync } from 'node:sqlite';
import { ConfigurationRefused } from './configuration.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS visitors (
  session TEXT PRIMARY KEY,
  visitor_id TEXT NOT NULL UNIQUE,
  visitor_secret_id TEXT NOT NULL,
  access_token TEXT NOT NULL,
  token_expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS chats (
  id TEXT PRIMARY KEY,
  visitor_id TEXT,
  visitor_name TEXT,
  created_at TEXT NOT NULL,
  is_ended INTEGER NOT NULL,
  message_count INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS chats_of_visitor ON chats (visitor_id, created_at);
CREATE TABLE IF NOT EXISTS messages (
  id TEXT PRIMARY KEY,
  chat_id TEXT NOT NULL,
  type TEXT NOT NULL,
  sender_type TEXT NOT NULL,
  sender_public_name TEXT,
  message TEXT,
  created_at TEXT NOT NULL,
  attachments TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat_id, created_at, id);
CREATE TABLE IF NOT EXISTS threads (
  visitor_id TEXT PRIMARY KEY,
  last_seq INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS handled_webhooks (
  webhook_id TEXT PRIMARY KEY,
  handled_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS handled_webhooks_by_time ON handled_webhooks (handled_at);
`;

/**
 * Opens the application's own database. Requests of visitors write `visitors` only; everything else is written by
 * webhooks. A chat whose `visitor_id` is null does not belong to this application. It is stored so that the hub is
 * asked only once. Throws `ConfigurationRefused` when the file cannot be one.
 */
export function openStore(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(SCHEMA);
    const columns = database.prepare("SELECT 1 FROM pragma_table_info('messages') WHERE name = 'attachments'").all();
    // A store from before there were files.
    if (columns.length === 0) database.exec("ALTER TABLE messages ADD COLUMN attachments TEXT NOT NULL DEFAULT '[]'");
    return database;
  } catch (error) {
    throw new ConfigurationRefused(`STORE_PATH ${path} cannot be the database: ${(error as Error).message}.`);
  }
}

/** Runs the work in a transaction. Nothing is written when it throws. */
export function inTransaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
