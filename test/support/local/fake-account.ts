import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Fetch } from '../../../scripts/cloudflare-account.ts';
import { projectPath } from '../../../scripts/project.ts';
import type { RunWrangler } from '../../../scripts/wrangler-command.ts';

export type AccountState = {
  accounts?: string[];
  databases?: string[];
  queues?: string[];
  buckets?: string[];
  /** The migrations that existing databases lack. None by default. */
  due?: string[];
  /** `SECRETS_KEY` alone when a version is deployed. */
  secrets?: string[];
  /** The jurisdiction that the first deployment has recorded. */
  jurisdiction?: string;
  /** Called with a secret that is set, before wrangler answers. */
  onSecret?: (name: string, value: string) => Promise<void>;
  /** What the deployed hub answers at /admin/v1/organizations, to a request without a token. */
  adminApi?: () => Response;
  /** The deployed version, or several with their share in %. */
  version?: string | Record<string, number>;
  /** Tag of the last change of object classes; that of wrangler.toml unless said otherwise. */
  objectMigration?: string;
  /** The call that fails. */
  fails?: string;
  /** Wrangler's question whether to apply migrations is answered with no. */
  declines?: boolean;
};

export type Account = {
  run: RunWrangler;
  /** Cloudflare's API, as far as a deployment reads it. */
  fetch: Fetch;
  /** Every call of wrangler so far. */
  calls: string[];
  /** The calls that change something. */
  changes(): string[];
  /** The configurations that wrangler was told to read. */
  configurations: Set<string>;
  /** The accounts that wrangler was told to act on. */
  accountIds: Set<string>;
};

const MIGRATIONS = readdirSync(projectPath('migrations')).sort();
/** The migration that makes the table of the jurisdiction. */
const DEPLOYMENT = '0029_deployment.sql';
const LOOKS =
  /^(whoami|d1 list|d1 execute \S+ --remote --json --command SELECT|queues info|r2 bucket info|secret list|deployments status|auth token|deploy --dry-run)( |$)/;

/** A Cloudflare account as wrangler shows it, and a record of the calls. */
export function fakeAccount(state: AccountState = {}): Account {
  const { accounts = ['a1'], databases = [], queues = [], due = [], version, objectMigration = 'v3' } = state;
  let live = typeof version === 'string' ? { [version]: 100 } : version;
  const applied = new Map(databases.map((name) => [name, MIGRATIONS.filter((migration) => !due.includes(migration))]));
  const known = new Set(queues);
  const buckets = new Set(state.buckets);
  const secrets = new Set(state.secrets ?? (version === undefined ? [] : ['SECRETS_KEY']));
  let fixed = state.jurisdiction;
  const calls: string[] = [];
  const accountIds = new Set<string>();
  const configurations = new Set<string>();

  /** The database behind a binding, by the environment's rule of names. */
  function databaseOf(binding: string | undefined, environment: string): string {
    const name = environment === '' ? 'umi' : `umi-${environment}`;
    if (binding === 'DELIVERY_LOG') return `${name}-deliveries`;
    return binding === 'DB_2' ? `${name}-2` : name;
  }

  const run: RunWrangler = async (given, options = {}) => {
    const config = given.find((argument) => argument.startsWith('--config='));
    configurations.add(config?.slice('--config='.length) ?? 'wrangler.toml');
    const args = given.filter((argument) => argument !== config);
    const call = args.join(' ');
    calls.push(call);
    const { CLOUDFLARE_ACCOUNT_ID: accountId, WRANGLER_OUTPUT_FILE_PATH: record } = options.environment ?? {};
    if (accountId !== undefined) accountIds.add(accountId);
    const environment = args.find((argument) => argument.startsWith('--env='))?.slice('--env='.length) ?? '';
    const answer = (stdout: unknown, code = 0) => ({ code, stdout: JSON.stringify(stdout), stderr: '' });
    if (call === state.fails) return { code: 1, stdout: '', stderr: 'it failed' };
    if (call === 'whoami --json') return answer({ accounts: accounts.map((id) => ({ id, name: `Account ${id}` })) });
    if (call.startsWith('auth token --json')) return answer({ type: 'oauth', token: 'token' });
    if (call === 'd1 list --json') return answer([...applied.keys()].map((name) => ({ name })));
    if (call.startsWith('d1 create')) applied.set(args[2] ?? '', []);
    if (call.includes(' --command INSERT INTO deployment ')) fixed ??= /'(.*?)'/.exec(call)?.[1] ?? '';
    else if (call.includes(' --command SELECT jurisdiction FROM deployment ')) {
      const isMade = applied.get(databaseOf(args[2], environment))?.includes(DEPLOYMENT) === true;
      if (!isMade) return answer({ error: { text: 'no such table: deployment: SQLITE_ERROR' } }, 1);
      return answer([{ results: fixed === undefined ? [] : [{ jurisdiction: fixed }] }]);
    } else if (call.startsWith('d1 execute')) {
      const names = applied.get(databaseOf(args[2], environment)) ?? [];
      if (names.length > 0) return answer([{ results: names.map((name) => ({ name })) }]);
      return answer({ error: { text: 'no such table: d1_migrations: SQLITE_ERROR' } }, 1);
    }
    if (call.startsWith('d1 migrations apply') && state.declines !== true) {
      applied.set(databaseOf(args[3], environment), [...MIGRATIONS]);
    }
    if (call.startsWith('queues info')) return answer('', known.has(args[2] ?? '') ? 0 : 1);
    if (call.startsWith('queues create')) known.add(args[2] ?? '');
    if (call.startsWith('r2 bucket info')) return answer('', buckets.has(args[3] ?? '') ? 0 : 1);
    if (call.startsWith('r2 bucket create')) buckets.add(args[3] ?? '');
    if (call.startsWith('secret list')) return answer([...secrets].map((name) => ({ name, type: 'secret_text' })));
    if (call.startsWith('secret put')) {
      await state.onSecret?.(args[2] ?? '', options.input ?? '');
      secrets.add(args[2] ?? '');
    }
    if (call.startsWith('deployments status')) {
      const versions = Object.entries(live ?? {}).map(([version_id, percentage]) => ({ version_id, percentage }));
      return live === undefined ? answer('', 1) : answer({ versions });
    }
    if (call.startsWith('versions deploy')) {
      const shares = args.filter((argument) => argument.includes('@')).map((argument) => argument.split('@'));
      live = Object.fromEntries(shares.map(([id = '', share = '']) => [id, Number.parseInt(share, 10)]));
    }
    if (call.startsWith('versions upload') && record !== undefined) {
      await writeFile(record, '{"type":"wrangler-session"}\n{"type":"version-upload","version_id":"v2"}\n');
    }
    return answer('');
  };
  const fetch: Fetch = async (url) => {
    if (url.endsWith('/admin/v1/organizations') && state.adminApi !== undefined) return state.adminApi();
    if (!/\/accounts\/[^/]+\/workers\/services\/umi[^/]*$/.test(url)) throw new Error(`unexpected: ${url}`);
    const result = { default_environment: { script: { migration_tag: objectMigration } } };
    return Response.json({ success: true, result, errors: [] });
  };
  return { run, fetch, calls, accountIds, configurations, changes: () => calls.filter((call) => !LOOKS.test(call)) };
}
