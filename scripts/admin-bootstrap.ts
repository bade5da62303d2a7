/** `npm run admin -- bootstrap`: from a hub that was just deployed to one with an organization that somebody can use. */
import { setTimeout as pause } from 'node:timers/promises';
import { SCOPES } from '../src/directory/tokens.ts';
import { randomSecret } from '../src/platform/secrets.ts';
import { AdminClient, askForOrganizations } from './admin-client.ts';
import { chooseAccount, withAccount } from './cloudflare-account.ts';
import { DeploymentRefused, environmentArgument, settingsFile, type Target } from './deployment-target.ts';
import { must, type RunWrangler } from './wrangler-command.ts';

export type Bootstrap = {
  target: Target;
  run: RunWrangler;
  /** Address of the hub; null: that of the deployment's settings. */
  baseUrl: string | null;
  /** The admin token, if the operator has it already. */
  adminToken: string | null;
  organizationName: string;
  /** First name of the organization's first user. */
  firstName: string;
  /** Prints for the operator. Secrets are printed too: nothing else keeps them. */
  say(line: string): void;
  /** How long the hub may take to accept a new token, in ms. */
  patience: number;
};

const ASK_EVERY_MILLISECONDS = 2000;

/**
 * Makes the key of secrets and the admin token, prints and sets them; creates the first organization with a room, and a user with a token of
 * all scopes. What was cut short is repeated: a token that is set is used, if the operator has it, and a hub that has
 * an organization keeps it. Throws `DeploymentRefused` with what the operator can do.
 */
export async function bootstrap(options: Bootstrap): Promise<void> {
  const { target, say } = options;
  const run = withAccount(options.run, target);
  await chooseAccount(run, target);
  const baseUrl = addressOf(options);
  const secrets = await secretsIn(run, target);
  if (!secrets.includes('SECRETS_KEY')) {
    await makeSecret({ ...options, run }, 'SECRETS_KEY', 'The key that wraps the secrets in D1');
  }
  const adminToken = secrets.includes('ADMIN_TOKEN')
    ? knownToken(options)
    : await makeSecret({ ...options, run }, 'ADMIN_TOKEN', 'The admin token');
  say(`Waiting until ${baseUrl} accepts the token …`);
  if (await hasOrganizations(baseUrl, adminToken, options.patience)) {
    say('The hub has an organization already, so none was created: npm run admin -- organizations list');
    return;
  }
  const admin = new AdminClient(baseUrl, adminToken, null);
  const organization = await admin.createOrganization(options.organizationName);
  const room = await admin.createRoom(organization, 'Support');
  const person = { first_name: options.firstName, last_name: '', is_bot: false, scopes: SCOPES };
  const user = await admin.createUser(organization, person);
  say('The first organization, with the token of its first user, which is shown only now:');
  const made = { base_url: baseUrl, organization_id: organization, room_id: room, user_id: user.id, token: user.token };
  say(JSON.stringify(made, null, 2));
}

/** The hub's address without a path. */
function addressOf({ baseUrl, target }: Bootstrap): string {
  const { domain, variables } = target.settings;
  const address = baseUrl ?? variables['PUBLIC_ORIGIN'] ?? (domain === null ? null : `https://${domain}`);
  if (address !== null) return address.replace(/\/+$/, '');
  throw new DeploymentRefused(
    `The address of the hub is not known. Put PUBLIC_ORIGIN into ${settingsFile(target.environment)}, or name it with --base-url.`,
  );
}

/** Names of the secrets of a Worker that is deployed. */
async function secretsIn(run: RunWrangler, target: Target): Promise<string[]> {
  const listed = await must(
    run(['secret', 'list', '--format', 'json', environmentArgument(target)]),
    `The secrets of ${target.worker} could not be read. Is it deployed? npm run deploy`,
  );
  return (JSON.parse(listed.stdout) as { name: string }[]).map(({ name }) => name);
}

/** The admin token that the deployment has, from the operator. */
function knownToken({ target, adminToken }: Bootstrap): string {
  if (adminToken !== null) return adminToken;
  throw new DeploymentRefused(
    `ADMIN_TOKEN is set already. Set UMI_ADMIN_TOKEN to it and repeat. If it is lost: npx wrangler secret delete ADMIN_TOKEN ${environmentArgument(target)}`,
  );
}

/** Makes a secret of 256 random bits and sets it. Answers it. */
async function makeSecret({ target, run, say }: Bootstrap, name: string, words: string): Promise<string> {
  const secret = randomSecret();
  // Printed before it is set: otherwise a crash between the two would leave a secret that nobody has.
  say(`${words}, which is shown only now. Put it into your password manager:`);
  say(secret);
  await must(
    run(['secret', 'put', name, environmentArgument(target)], { input: secret }),
    `${name} could not be set, so the one above is void`,
  );
  return secret;
}

/** Whether the hub has an organization. Waits until it accepts the token, since a new secret takes a while to arrive. */
async function hasOrganizations(baseUrl: string, adminToken: string, patience: number): Promise<boolean> {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await askForOrganizations(baseUrl, adminToken).catch((error: unknown) => String(error));
    if (typeof answer !== 'string' && answer.status === 200) {
      return (answer.body as { results: unknown[] }).results.length > 0;
    }
    if (Date.now() >= deadline) {
      const last = typeof answer === 'string' ? answer : `it answers ${answer.status} ${JSON.stringify(answer.body)}`;
      throw new DeploymentRefused(
        `${baseUrl} does not accept the token: ${last}. Set UMI_ADMIN_TOKEN to the token and repeat the command.`,
      );
    }
    await pause(Math.min(ASK_EVERY_MILLISECONDS, patience));
  }
}
