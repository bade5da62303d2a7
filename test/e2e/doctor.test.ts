import { beforeAll, describe, expect, test } from 'vitest';
import { examine } from '../../scripts/deployment-checks.ts';
import { readTarget, type Target } from '../../scripts/deployment-target.ts';
import { type AccountState, fakeAccount } from '../support/local/fake-account.ts';

const ORIGIN = 'https://umi.example.com';

/** What Cloudflare's API reports about the account, and the hub about itself. */
type Cloud = {
  bindings: { name: string; type: string; text?: string }[];
  consumers: { [queue: string]: string[] };
  crons: string[];
  health: number;
  /** What the admin API answers to a request without a token. */
  admin: { status: number; detail: string };
};

function wellDeployed({ bindings, worker, crons, queues }: Target): Cloud {
  return {
    bindings: [
      ...bindings.map((name) =>
        name === 'PUBLIC_ORIGIN' ? { name, type: 'plain_text', text: ORIGIN } : { name, type: 'd1' },
      ),
      { name: 'ADMIN_TOKEN', type: 'secret_text' },
      { name: 'SECRETS_KEY', type: 'secret_text' },
    ],
    consumers: Object.fromEntries(queues.map(({ name }) => [name, [worker]])),
    crons: [...crons],
    health: 200,
    admin: { status: 401, detail: 'Authentication credentials were not provided.' },
  };
}

/** Answers as Cloudflare's API and the deployed hub do; anything else is 404. */
function fetchFrom(cloud: Cloud) {
  return async (url: string): Promise<Response> => {
    if (url === `${ORIGIN}/healthz`) return new Response('{}', { status: cloud.health });
    if (url === `${ORIGIN}/admin/v1/organizations`) {
      const { status, detail } = cloud.admin;
      return Response.json({ detail }, { status });
    }
    const { pathname, searchParams } = new URL(url);
    const path = pathname.replace('/client/v4/accounts/a1', '');
    const result = (value: unknown) => Response.json({ success: true, result: value, errors: [] });
    if (path === '/workers/scripts/umi/settings') return result({ bindings: cloud.bindings });
    if (path === '/workers/scripts/umi/schedules') return result({ schedules: cloud.crons.map((cron) => ({ cron })) });
    if (path === '/queues') {
      const name = searchParams.get('name') ?? '';
      const consumers = cloud.consumers[name];
      if (consumers === undefined) return result([]);
      return result([{ queue_name: name, consumers: consumers.map((script) => ({ script })) }]);
    }
    return Response.json({ success: false, result: null, errors: [{ message: `no ${path}` }] }, { status: 404 });
  };
}

/** The problems that are found in a healthy account with these changes. */
async function problems(change: (cloud: Cloud) => void = () => {}, state: AccountState = {}): Promise<string[]> {
  const target = await readTarget('');
  const cloud = wellDeployed(target);
  change(cloud);
  const { run } = fakeAccount({ databases: ['umi', 'umi-deliveries'], buckets: ['umi-files'], ...state });
  const findings = await examine({ target, run, fetch: fetchFrom(cloud) });
  return findings.flatMap(({ what, problem }) => (problem === null ? [] : [`${what}: ${problem}`]));
}

// Wrangler reads the configuration, and is slow to load on a busy machine.
beforeAll(() => readTarget(''));

describe('npm run doctor', () => {
  test('finds no problem in a healthy account', async () => {
    expect(await problems()).toEqual([]);
  });

  test('finds that the bucket is missing', async () => {
    expect(await problems(undefined, { buckets: [] })).toEqual([
      'the R2 bucket umi-files: there is none, so the hub takes no files: npm run deploy',
    ]);
  });

  test.each<[string, (cloud: Cloud) => void, string]>([
    [
      'a binding',
      (cloud) => {
        cloud.bindings = cloud.bindings.filter(({ name }) => name !== 'LIVE');
      },
      'the Worker umi with its bindings: it has no LIVE: npm run deploy',
    ],
    [
      'a queue',
      (cloud) => delete cloud.consumers['umi-webhooks'],
      'the queue umi-webhooks: there is none: npm run deploy',
    ],
    [
      'a consumer',
      (cloud) => {
        cloud.consumers['umi-webhooks-dead'] = ['another'];
      },
      'the queue umi-webhooks-dead: the Worker does not consume it: npm run deploy',
    ],
    [
      'the cron trigger',
      (cloud) => {
        cloud.crons = [];
      },
      'the cron triggers: "*/5 * * * *" does not ring: npm run deploy',
    ],
    [
      'the admin token',
      (cloud) => {
        cloud.bindings = cloud.bindings.filter(({ name }) => name !== 'ADMIN_TOKEN');
        cloud.admin = { status: 404, detail: 'Not found.' };
      },
      'the secret ADMIN_TOKEN: it is not set, so the admin API is closed: npm run admin -- bootstrap --name "<organization>"',
    ],
    [
      'an admin token that nobody guesses',
      (cloud) => {
        cloud.admin = { status: 503, detail: 'The secret ADMIN_TOKEN has fewer than 32 characters.' };
      },
      `${ORIGIN}/admin/v1: it answers 503 {"detail":"The secret ADMIN_TOKEN has fewer than 32 characters."}`,
    ],
    [
      'the key of secrets',
      (cloud) => {
        cloud.bindings = cloud.bindings.map((each) =>
          each.name === 'SECRETS_KEY' ? { ...each, type: 'plain_text' } : each,
        );
      },
      'the secret SECRETS_KEY: it is not set, so the hub signs nothing: no webhooks, no visitors, no apps: npm run admin -- bootstrap --name "<organization>"',
    ],
    [
      'an answer',
      (cloud) => {
        cloud.health = 503;
      },
      `${ORIGIN}/healthz: it answers 503: see the event "unhealthy" in npx wrangler tail --env=`,
    ],
  ])('misses %s', async (_, change, problem) => {
    expect(await problems(change)).toEqual([problem]);
  });

  test.each([
    [
      '',
      'PUBLIC_ORIGIN: it is empty, so webhooks may point to the hub itself: put it into deployments/default.env and deploy',
    ],
    [
      'http://umi.example.com/',
      'PUBLIC_ORIGIN: "http://umi.example.com/" is not an https address without a path: correct it, put it into deployments/default.env and deploy',
    ],
  ])('refuses the PUBLIC_ORIGIN "%s"', async (origin, problem) => {
    const found = await problems((cloud) => {
      for (const binding of cloud.bindings) if (binding.name === 'PUBLIC_ORIGIN') binding.text = origin;
    });
    expect(found).toContain(problem);
  });

  test('names the migrations that a database lacks', async () => {
    expect(await problems(undefined, { due: ['0005_convergent_copy.sql'] })).toEqual([
      'the migrations of umi: it lacks 0005_convergent_copy.sql: npm run deploy',
      'the migrations of umi-deliveries: it lacks 0005_convergent_copy.sql: npm run deploy',
    ]);
  });

  test('reports what it cannot check, and checks the rest', async () => {
    const target = await readTarget('');
    const { run } = fakeAccount({ databases: ['umi', 'umi-deliveries'] });
    const away = async () =>
      Response.json({ success: false, errors: [{ message: 'Authentication error' }] }, { status: 403 });
    const findings = await examine({ target, run, fetch: away });
    expect(findings.find(({ what }) => what === 'the cron triggers')?.problem).toBe('Cloudflare: Authentication error');
    expect(findings.find(({ what }) => what === 'the migrations of umi')?.problem).toBeNull();
  });
});
