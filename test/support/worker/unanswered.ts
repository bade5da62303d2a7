import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../../../src/db/database.ts';
import { findOrganization } from '../../../src/directory/organizations.ts';
import { deletePassingVisitors } from '../../../src/directory/passing-visitors.ts';
import { threadName } from '../../../src/domain/address.ts';
import { deleteUnansweredVisitors } from '../../../src/purges/delete-unanswered-visitors.ts';
import { removeUnansweredThreads } from '../../../src/purges/remove-unanswered-threads.ts';
import { writeCollected } from '../../../src/read-model/collector.ts';
import { eventually } from '../eventually.ts';
import { ask, type Json } from './organization.ts';
import { organizationD1 } from './organization-database.ts';
import { testEnv } from './requests.ts';
import type { Site, Visitor } from './visitor-site.ts';

/** In ms. */
export const DAY = 24 * 3_600_000;

/** The database of an organization, as the watchdog has it. */
export async function databaseOf({ organizationId }: { organizationId: string }) {
  const identity = openIdentityDatabase(testEnv, noCost());
  const name = (await findOrganization(identity, organizationId))?.database ?? '';
  return { identity, name, copy: openOrganizationDatabase(testEnv, { database: name }, noCost()) };
}

/** Runs the watchdog's sweep as it would run so many days from now. Answers how many threads are gone. */
export async function sweepThreads(of: Site, days = 8): Promise<number> {
  await writeCollected(testEnv);
  return await removeUnansweredThreads(testEnv, await databaseOf(of), Date.now() + days * DAY);
}

/** The sweep of visitors without a chat, so many days from now. Answers how many are deleted. */
export async function sweepVisitors(of: Site, days = 8): Promise<number> {
  const now = Date.now() + days * DAY;
  const database = await databaseOf(of);
  await deletePassingVisitors(database.copy, now);
  return await deleteUnansweredVisitors(testEnv, database, now);
}

/** Sweeps until a thread is gone: receivers are told first. */
export function sweepUntilGone(of: Site): Promise<void> {
  return eventually(async () => expect(await sweepThreads(of)).toBe(1));
}

/** The name of a visitor's own thread, and its object. */
export function threadOf(of: Site, visitor: { id: string }): string {
  return threadName({ kind: 'visitor', room_id: of.roomId, visitor_id: visitor.id });
}

export function objectOf(of: Site, visitor: { id: string }) {
  return env.THREADS.getByName(threadOf(of, visitor));
}

/** Ends a chat, in which the organization does not take part. */
export async function endChat(of: Site, chatId: string): Promise<void> {
  const path = `/orgs/${of.organizationId}/owned_chats/${chatId}`;
  const ended = await ask(of.integrator, 'PATCH', path, { is_ended: true });
  expect([ended.status, ended.json['is_ended']]).toEqual([200, true]);
}

/** A visitor with a chat that ended, and in which nobody has answered. */
export async function unanswered(of: Site): Promise<{ visitor: Visitor; chatId: string }> {
  const visitor = await of.visitor();
  const chatId = await of.chat(visitor);
  expect((await of.say(visitor, chatId, 'hello?')).status).toBe(201);
  await endChat(of, chatId);
  return { visitor, chatId };
}

/** The tables of an object with their rows. */
export function storedIn(object: DurableObjectStub): Promise<Record<string, Json[]>> {
  return runInDurableObject(object, (_, { storage: { sql } }) => {
    const tables = sql.exec<{ name: string }>(
      `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
    );
    const rows = tables.toArray().map(({ name }) => [name, sql.exec(`SELECT * FROM ${name}`).toArray()]);
    return Object.fromEntries(rows) as Record<string, Json[]>;
  });
}

/** The tables of D1 with a row that contains one of the texts. */
export async function tablesWith(...texts: string[]): Promise<string[]> {
  await writeCollected(testEnv);
  const found = new Set<string>();
  for (const d1 of new Set([organizationD1, env.DB, env.DELIVERY_LOG])) {
    const { results } = await d1
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`)
      .all<{ name: string }>();
    for (const { name } of results) {
      const { results: rows } = await d1.prepare(`SELECT * FROM ${name}`).all();
      if (rows.some((row) => texts.some((text) => JSON.stringify(row).includes(text)))) found.add(name);
    }
  }
  return [...found].sort();
}

/** Whether the organization sees a chat. */
export async function isThere(of: Site, chatId: string): Promise<boolean> {
  return (await ask(of.integrator, 'GET', `/orgs/${of.organizationId}/owned_chats/${chatId}`)).status === 200;
}
