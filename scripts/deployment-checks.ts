/**
 * The checks of `npm run doctor`: whether the account and the Worker are completely deployed, and whether the hub
 * answers.
 */
import { adminApiProblem } from './admin-client.ts';
import { chooseAccount, type Fetch, openCloudflareApi, withAccount } from './cloudflare-account.ts';
import { dueMigrations, hasBucket } from './deployment.ts';
import { bootstrapCommand, environmentArgument, SECRETS, settingsFile, type Target } from './deployment-target.ts';
import type { RunWrangler } from './wrangler-command.ts';

/** `problem`: what is wrong and how to correct it; null when nothing is. */
export type Finding = { what: string; problem: string | null };

export type Examination = {
  target: Target;
  run: RunWrangler;
  fetch: Fetch;
};

type Binding = { name: string; type: string; text?: string };
type Queue = { queue_name: string; consumers?: { script?: string; script_name?: string }[] };

const DEPLOY = 'npm run deploy';

/** Runs all checks. Rejects with `DeploymentRefused` without a login, or when the account is ambiguous. */
export async function examine({ target, run: runPlain, fetch }: Examination): Promise<Finding[]> {
  const run = withAccount(runPlain, target);
  const accountId = await chooseAccount(run, target);
  const ask = await openCloudflareApi({ target, run, fetch }, accountId);
  const script = `/workers/scripts/${encodeURIComponent(target.worker)}`;
  const bindings: Binding[] = [];
  const findings: Finding[] = [];
  const look = async (what: string, problemOf: () => Promise<string | null>) => {
    const problem = await problemOf().catch((error: unknown) =>
      error instanceof Error ? error.message : String(error),
    );
    findings.push({ what, problem });
  };

  await look(`the Worker ${target.worker} with its bindings`, async () => {
    bindings.push(...(await ask<{ bindings: Binding[] }>(`${script}/settings`)).bindings);
    const lacking = target.bindings.filter((name) => !bindings.some((binding) => binding.name === name));
    return lacking.length === 0 ? null : `it has no ${lacking.join(', ')}: ${DEPLOY}`;
  });
  for (const { binding, name } of target.databases) {
    await look(`the migrations of ${name}`, async () => {
      const due = await dueMigrations(run, target, binding);
      return due.length === 0 ? null : `it lacks ${due.join(', ')}: ${DEPLOY}`;
    });
  }
  for (const { name, hasConsumer } of target.queues) {
    await look(`the queue ${name}`, async () => {
      const queues = await ask<Queue[]>(`/queues?name=${encodeURIComponent(name)}`);
      const queue = queues.find(({ queue_name }) => queue_name === name);
      if (queue === undefined) return `there is none: ${DEPLOY}`;
      const consumers = (queue.consumers ?? []).map((consumer) => consumer.script ?? consumer.script_name);
      return !hasConsumer || consumers.includes(target.worker) ? null : `the Worker does not consume it: ${DEPLOY}`;
    });
  }
  for (const name of target.buckets) {
    await look(`the R2 bucket ${name}`, async () =>
      (await hasBucket(run, target, name)) ? null : `there is none, so the hub takes no files: ${DEPLOY}`,
    );
  }
  await look('the cron triggers', async () => {
    const { schedules } = await ask<{ schedules: { cron: string }[] }>(`${script}/schedules`);
    const lacking = target.crons.filter((cron) => !schedules.some((schedule) => schedule.cron === cron));
    return lacking.length === 0 ? null : `"${lacking.join('", "')}" does not ring: ${DEPLOY}`;
  });
  for (const [secret, consequence] of Object.entries(SECRETS)) {
    await look(`the secret ${secret}`, async () => {
      if (bindings.some(({ name, type }) => name === secret && type === 'secret_text')) return null;
      return `it is not set, so ${consequence}: ${bootstrapCommand(target)}`;
    });
  }
  const origin = bindings.find(({ name }) => name === 'PUBLIC_ORIGIN')?.text ?? '';
  await look('PUBLIC_ORIGIN', async () => originProblem(origin, target));
  if (origin !== '') {
    await look(`${origin}/healthz`, async () => {
      const { status } = await fetch(`${origin}/healthz`);
      return status === 200
        ? null
        : `it answers ${status}: see the event "unhealthy" in npx wrangler tail ${environmentArgument(target)}`;
    });
    await look(`${origin}/admin/v1`, () => adminApiProblem(origin, fetch));
  }
  return findings;
}

function originProblem(origin: string, target: Target): string | null {
  const put = `put it into ${settingsFile(target.environment)} and deploy`;
  if (origin === '') return `it is empty, so webhooks may point to the hub itself: ${put}`;
  if (!URL.canParse(origin) || new URL(origin).origin !== origin || !origin.startsWith('https:')) {
    return `"${origin}" is not an https address without a path: correct it, ${put}`;
  }
  const wanted = target.settings.variables['PUBLIC_ORIGIN'] ?? origin;
  return wanted === origin ? null : `it is ${origin}, and ${wanted} in ${settingsFile(target.environment)}: ${DEPLOY}`;
}
