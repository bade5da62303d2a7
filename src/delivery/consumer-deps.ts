import { noCost } from '../db/cost.ts';
import { openIdentityDatabase, openOrganizationDatabase } from '../db/database.ts';
import { findAppEndpoint } from '../directory/app-endpoints.ts';
import { onDirectoryChange } from '../directory/changes.ts';
import { findChannelOrDeleted } from '../directory/channels.ts';
import { findOrganization } from '../directory/organizations.ts';
import { cachedHubKeys } from '../directory/signing-keys.ts';
import { type OpenedChannel, openAppSecret, openChannel } from '../directory/stored-secrets.ts';
import { FILE_URL_LIFE, fileUrls } from '../files/file-urls.ts';
import { fault } from '../platform/faults.ts';
import { writeLog } from '../platform/log.ts';
import { collectBatch, takeAcknowledged } from '../read-model/collector.ts';
import { bodyWithFileUrls, mayHaveFiles } from '../resources/file-links.ts';
import { channelOfReceiver, installationOfReceiver } from '../resources/receiver.ts';
import type { Lane } from '../rpc/lane.ts';
import { threadStub } from '../rpc/thread.ts';
import { makeAppUserAuth } from './app-user-auth.ts';
import { attemptDeps, attemptWebhook, type Destination } from './attempt.ts';
import type { DeliveryDeps } from './deliver-lane.ts';
import { type Endpoint, endpointOfChannel, endpointOfInstallation, type OpenedAppEndpoint } from './endpoint.ts';
import { EndpointCache } from './endpoint-cache.ts';
import { queueDelay } from './wake-lanes.ts';

/** The dependencies of the queue's consumer in a deployed Worker. */
export function consumerDeps(env: Env): DeliveryDeps {
  return {
    lane: (thread) => laneOf(env, thread),
    endpoint: (leased) => readEndpoint(env, leased),
    attempt: async (destination, webhook, times) => {
      const body = await withFileLinks(env, destination, webhook.body);
      return await attemptWebhook(attemptDeps(env, times), destination, { ...webhook, body });
    },
    send: async (wakeUp, delaySeconds) => {
      await env.WEBHOOKS.send(wakeUp, { delaySeconds: queueDelay(delaySeconds) });
    },
    now: Date.now,
    log: ({ event, ...fields }) => writeLog('warn', event, fields),
    fault: (step) => fault(step),
  };
}

/** The lanes of a thread. The batches that reports return go to D1 from here, together with those of other threads. */
function laneOf(env: Env, thread: string): Lane {
  const stub = threadStub(env, thread);
  return {
    claim: (request) => stub.claim(request),
    report: async (request) => {
      const answer = await stub.report({ ...request, acknowledged: takeAcknowledged(thread) });
      if (answer.handed !== null && answer.handed !== undefined) collectBatch(env, answer.handed);
      return answer;
    },
  };
}

const channels = new EndpointCache<OpenedChannel | null>(() => Date.now());
const webhooksOfApps = new EndpointCache<OpenedAppEndpoint | null>(() => Date.now());

// Of apps all are read again: one app, webhook or bot user affects several installations, and they are a second old.
onDirectoryChange((change) => {
  if (change.kind === 'channel') channels.purge(`${change.organization_id}/${change.channel_id}`);
  if (change.kind === 'app' || change.kind === 'installations') webhooksOfApps.purgeAll();
});

/** The receiver's endpoint, from a row of D1 that is at most two seconds old. */
async function readEndpoint(env: Env, leased: Parameters<DeliveryDeps['endpoint']>[0]): Promise<Endpoint> {
  const { organization_id, receiver, webhook_id } = leased;
  const channelId = channelOfReceiver(receiver);
  if (channelId !== null) return await readChannel(env, organization_id, channelId);
  const installationId = installationOfReceiver(receiver);
  if (installationId === null) throw new Error('a receiver of a kind that this version does not know');
  const webhookId = webhook_id ?? '';
  const found = await webhooksOfApps.get(`${organization_id}/${installationId}/${webhookId}`, async () => {
    const identity = openIdentityDatabase(env, noCost());
    const endpoint = await findAppEndpoint(identity, organization_id, installationId, webhookId);
    if (endpoint === null) return null;
    return { ...endpoint, secret: await openAppSecret(env, { id: endpoint.app_id, secret: endpoint.secret }) };
  });
  return await endpointOfInstallation(found, env.PUBLIC_ORIGIN, async (appUser) =>
    makeAppUserAuth((await cachedHubKeys(env, noCost())).signing, appUser, Date.now()),
  );
}

async function readChannel(env: Env, organizationId: string, channelId: string): Promise<Endpoint> {
  const channel = await channels.get(`${organizationId}/${channelId}`, async () => {
    const database = openOrganizationDatabase(env, { database: await databaseOf(env, organizationId) }, noCost());
    const found = await findChannelOrDeleted(database, organizationId, channelId);
    return found === null ? null : openChannel(env, found, Date.now());
  });
  return endpointOfChannel(channel, Date.now(), env.PUBLIC_ORIGIN);
}

/** The frozen body of a webhook with fresh URLs of its files: those that a commit could make would be old by a replay. */
async function withFileLinks(env: Env, { own_origins }: Destination, body: string): Promise<string> {
  if (!mayHaveFiles(body)) return body;
  const { signing } = await cachedHubKeys(env, noCost());
  const origin = own_origins.find((each) => each !== '') ?? '';
  const urlOf = fileUrls(signing, origin, Date.now(), FILE_URL_LIFE.webhook);
  return JSON.stringify(bodyWithFileUrls(JSON.parse(body) as object, urlOf));
}

/** An organization's database never changes, so the isolate may remember it. */
const databases = new Map<string, string>();
const MAX_REMEMBERED = 10_000;

async function databaseOf(env: Env, organizationId: string): Promise<string> {
  const known = databases.get(organizationId);
  if (known !== undefined) return known;
  const organization = await findOrganization(openIdentityDatabase(env, noCost()), organizationId);
  if (organization === null) throw new Error('a delivery of an organization that does not exist');
  if (databases.size >= MAX_REMEMBERED) databases.clear();
  databases.set(organizationId, organization.database);
  return organization.database;
}
