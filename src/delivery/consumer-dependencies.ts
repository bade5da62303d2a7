import { noCost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { findChannelOrDeleted } from '../directory/channels.ts';
import { findOrganization } from '../directory/organizations.ts';
import { fault } from '../faults.ts';
import { writeLog } from '../log.ts';
import { threadStub } from '../stubs.ts';
import { attemptWebhook } from './attempt.ts';
import { attemptDependencies } from './attempt-dependencies.ts';
import type { DeliveryDependencies } from './deliver-lane.ts';
import { type Endpoint, endpointOfChannel } from './endpoint.ts';
import { channelOfReceiver, type Receiver } from './lane.ts';
import { queueDelay } from './pointer.ts';

/** What the queue's consumer works with in a deployed Worker. */
export function consumerDependencies(env: Env): DeliveryDependencies {
  const attempts = attemptDependencies(env);
  return {
    lane: (thread) => threadStub(env, thread),
    endpoint: (organizationId, receiver) => readEndpoint(env, organizationId, receiver),
    attempt: (destination, webhook) => attemptWebhook(attempts, destination, webhook),
    send: async (pointer, delaySeconds) => {
      await env.WEBHOOKS.send(pointer, { delaySeconds: queueDelay(delaySeconds) });
    },
    now: Date.now,
    log: ({ event, ...fields }) => writeLog('warn', event, fields),
    fault: (step) => fault(step),
  };
}

/** Reads a receiver from D1, uncached: what was switched off or deleted must hold for the next attempt. */
async function readEndpoint(env: Env, organizationId: string, receiver: Receiver): Promise<Endpoint> {
  const channelId = channelOfReceiver(receiver);
  if (channelId === null) throw new Error('a receiver of a kind that this version does not know');
  const database = db(env, { database: await databaseOf(env, organizationId) }, noCost());
  const channel = await findChannelOrDeleted(database, organizationId, channelId);
  return endpointOfChannel(channel, Date.now(), env.PUBLIC_ORIGIN);
}

/** An organization's database is fixed when it is made, so the isolate may remember it. */
const databases = new Map<string, string>();
const MAX_REMEMBERED = 10_000;

async function databaseOf(env: Env, organizationId: string): Promise<string> {
  const known = databases.get(organizationId);
  if (known !== undefined) return known;
  const organization = await findOrganization(db(env, null, noCost()), organizationId);
  if (organization === null) throw new Error('a delivery of an organization that does not exist');
  if (databases.size >= MAX_REMEMBERED) databases.clear();
  databases.set(organizationId, organization.database);
  return organization.database;
}
