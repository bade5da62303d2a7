import { evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { tokenDigest } from '../../../src/directory/tokens.ts';
import { openingRequest } from '../../../src/live/socket-owner.ts';
import { newUuid } from '../../../src/resources/uuid.ts';
import { liveHubStub, organizationHub } from '../../../src/rpc/live-hub.ts';
import { setClock } from '../../support/worker/clock.ts';
import { newRoom } from '../../support/worker/gateway.ts';
import { PublishingThread } from '../../support/worker/publishing-thread.ts';
import { enroll, testEnv } from '../../support/worker/requests.ts';

const AGENTS = 200;
const { DB } = testEnv;

/** The number of trips to D1, and of those that list the hub as awake. */
let trips = 0;
let awakenings = 0;

beforeEach(() => {
  setClock(Date.now());
  trips = 0;
  awakenings = 0;
});

afterEach(() => {
  Object.assign(testEnv, { DB });
  vi.useRealTimers();
});

/** A database that counts its trips. */
function counted(): D1Database {
  const batch = async (statements: D1PreparedStatement[]) => {
    trips += 1;
    return DB.batch(statements);
  };
  return new Proxy(DB, {
    get(target, name) {
      if (name === 'batch') return batch;
      if (name === 'prepare') {
        return (sql: string) => {
          if (sql.includes('INTO live_organizations')) awakenings += 1;
          return countedStatement(target.prepare(sql));
        };
      }
      return Reflect.get(target, name);
    },
  });
}

/** A batch needs the platform's statements, so only the call is counted. */
function countedStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const bind = statement.bind.bind(statement);
  const run = statement.run.bind(statement);
  return Object.assign(statement, {
    bind: (...values: unknown[]) => countedStatement(bind(...values)),
    run: async () => {
      trips += 1;
      return run();
    },
  });
}

class Agent {
  readonly id = newUuid(Date.now());
  readonly digest = tokenDigest(crypto.randomUUID());
  notified = 0;
  #hear = () => {};

  async listen(organization_id: string): Promise<void> {
    const credential = { kind: 'token' as const, digest: this.digest };
    const owner = { kind: 'user' as const, organization_id, user_id: this.id, expires_at: null, credential };
    const { webSocket: socket } = await liveHubStub(env, organizationHub(organization_id)).fetch(
      openingRequest({ owner }, false),
    );
    if (socket === null) throw new Error('the socket was refused');
    const granted = Promise.withResolvers<void>();
    socket.addEventListener('message', ({ data }) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'subscribed') granted.resolve();
      if (type !== 'notifications') return;
      this.notified += 1;
      this.#hear();
    });
    socket.accept();
    socket.send(JSON.stringify({ type: 'subscribe', channels: [`/api/v5/users/${this.id}/routed_chats/*/messages`] }));
    await granted.promise;
  }

  async hears(count: number): Promise<void> {
    while (this.notified < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#hear = resolve;
      await promise;
    }
  }
}

it('hundreds of agents need three trips to D1, and none while their rights are known', async () => {
  const { organization_id } = await enroll();
  const room = { id: await newRoom(organization_id), organization_id };
  const agents = Array.from({ length: AGENTS }, () => new Agent());
  await DB.batch(
    agents.flatMap(({ id, digest }) => [
      DB.prepare(
        `INSERT INTO users (id, organization_id, first_name, last_name, created_at, updated_at) VALUES (?, ?, 'A', 'B', 0, 0)`,
      ).bind(id, organization_id),
      DB.prepare('INSERT INTO tokens (digest, id, organization_id, user_id, created_at) VALUES (?, ?, ?, ?, 0)').bind(
        digest,
        newUuid(Date.now()),
        organization_id,
        id,
      ),
    ]),
  );
  Object.assign(testEnv, { DB: counted() });
  await Promise.all(agents.map((agent) => agent.listen(organization_id)));
  expect(awakenings).toBe(1);

  const thread = PublishingThread.ofOrganization(organization_id, { room });
  const tripsToTell = async (count: number) => {
    trips = 0;
    await thread.say('hello');
    await Promise.all(agents.map((agent) => agent.hears(count)));
    return trips;
  };
  expect(await tripsToTell(1)).toBe(0);
  await evictDurableObject(env.LIVE.getByName(organizationHub(organization_id)));
  expect(await tripsToTell(2)).toBe(0);
  vi.setSystemTime(Date.now() + 31_000);
  expect(await tripsToTell(3)).toBe(3);
  expect(new Set(agents.map(({ notified: told }) => told))).toEqual(new Set([3]));
});
