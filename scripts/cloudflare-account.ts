/** The account that a deployment acts on, and what wrangler has no command for: that is read from Cloudflare's API with wrangler's token. */
import { DeploymentRefused, environmentArgument, settingsFile, type Target } from './deployment-target.ts';
import type { RunWrangler, WranglerOptions } from './wrangler-command.ts';

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Reads the result at a path below the account. Throws an error with Cloudflare's message when there is none. */
export type AskCloudflare = <Result>(path: string) => Promise<Result>;

const API = 'https://api.cloudflare.com/client/v4';

/** Wrangler acts on the account that the settings name, with the target's configuration. */
export function withAccount(run: RunWrangler, { settings, configuration }: Target): RunWrangler {
  const account: Record<string, string> =
    settings.accountId === null ? {} : { CLOUDFLARE_ACCOUNT_ID: settings.accountId };
  const config = configuration === null ? [] : [`--config=${configuration}`];
  return (args, options: WranglerOptions = {}) =>
    run([...args, ...config], { ...options, environment: { ...account, ...options.environment } });
}

/** The id of the account that wrangler acts on. Throws `DeploymentRefused` without a login, and when there are several accounts to choose from. */
export async function chooseAccount(run: RunWrangler, target: Target): Promise<string> {
  const { code, stdout } = await run(['whoami', '--json']);
  if (code !== 0) throw new DeploymentRefused('Log in first: npx wrangler login');
  const { accounts } = JSON.parse(stdout) as { accounts: { id: string; name: string }[] };
  const named = target.settings.accountId ?? process.env['CLOUDFLARE_ACCOUNT_ID'] ?? null;
  if (named !== null) return named;
  const [only, ...others] = accounts;
  if (only !== undefined && others.length === 0) return only.id;
  throw new DeploymentRefused(
    `This login has ${accounts.length} accounts: ${accounts.map(({ id, name }) => `${name} (${id})`).join(', ')}. ` +
      `Choose one in ${settingsFile(target.environment)}, as CLOUDFLARE_ACCOUNT_ID=<id>.`,
  );
}

/** Opens the API of an account. Throws `DeploymentRefused` when wrangler has no token for it. */
export async function openCloudflareApi(
  { target, run, fetch }: { target: Target; run: RunWrangler; fetch: Fetch },
  accountId: string,
): Promise<AskCloudflare> {
  const { stdout } = await run(['auth', 'token', '--json', environmentArgument(target)]);
  const { token } = JSON.parse(stdout) as { token?: string };
  if (token === undefined) {
    throw new DeploymentRefused('Use npx wrangler login or CLOUDFLARE_API_TOKEN: an API key is not enough.');
  }
  return async <Result>(path: string) => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${API}/accounts/${accountId}${path}`, { headers });
    const body = (await response.json()) as { success: boolean; result: Result; errors: { message: string }[] };
    if (!body.success) throw new Error(`Cloudflare: ${body.errors.map(({ message }) => message).join('; ')}`);
    return body.result;
  };
}
