import { parseArgs } from 'node:util';
import { bootstrap } from './admin-bootstrap.ts';
import { type AdminRequest, commandOptions, helpText, type Options, parseCommand } from './admin-command.ts';
import { adminToken, defaultBaseUrl, NO_ADMIN_TOKEN } from './admin-connection.ts';
import { rotateKeys } from './admin-rotate-keys.ts';
import { argumentProblem } from './command-line.ts';
import { DeploymentRefused, readTarget } from './deployment-target.ts';
import { requestJson } from './json-request.ts';
import { runWrangler } from './wrangler-command.ts';

/**
 * The operator's command line: organizations with their users, teams, rooms and routers in a running hub, through
 * /admin/v1.
 */
async function main(): Promise<number> {
  const options = Object.fromEntries(commandOptions().map((name) => [name, { type: 'string' as const }]));
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { ...options, ...CONNECTION, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    return complain(argumentProblem(error));
  }
  const { positionals } = parsed;
  const { help, 'base-url': baseUrl, ...values } = parsed.values as Record<string, string | undefined>;
  if (positionals.length === 0 || help !== undefined) {
    process.stdout.write(helpText());
    return 0;
  }
  if (positionals[0] === 'bootstrap') return startHub(positionals, values, baseUrl);
  if (positionals[0] === 'rotate-keys') return rotate(positionals, values, baseUrl);
  const command = parseCommand(positionals, values);
  if (!command.ok) return complain(command.problem);
  const token = adminToken();
  if (token === null) return complain(NO_ADMIN_TOKEN);
  return send(baseUrl ?? defaultBaseUrl(), token, command.request);
}

/** `bootstrap`. It needs a login at Cloudflare, and is the only command that does. */
async function startHub(words: readonly string[], options: Options, baseUrl: string | undefined): Promise<number> {
  const { env: environment = '', name, 'first-name': firstName = 'Admin', ...foreign } = options;
  const [surplus] = [...words.slice(1), ...Object.keys(foreign).map((option) => `--${option}`)];
  if (surplus !== undefined) return complain(`unexpected "${surplus}"`);
  if (name === undefined) return complain('missing --name <text>, the name of the first organization');
  try {
    await bootstrap({
      target: await readTarget(environment),
      run: runWrangler,
      baseUrl: baseUrl ?? process.env['UMI_BASE_URL'] ?? null,
      adminToken: adminToken(),
      organizationName: name,
      firstName,
      say: (line) => process.stdout.write(`${line}\n`),
      patience: 90_000,
    });
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof DeploymentRefused ? error.message : String(error)}\n`);
    return 1;
  }
}

/** `rotate-keys`. Ends with 1 when the hub refuses or a secret cannot be unwrapped. */
async function rotate(words: readonly string[], options: Options, baseUrl = defaultBaseUrl()): Promise<number> {
  const { 'ends-previous': endsPrevious = 'false', ...foreign } = options;
  const [surplus] = [...words.slice(1), ...Object.keys(foreign).map((option) => `--${option}`)];
  if (surplus !== undefined) return complain(`unexpected "${surplus}"`);
  if (endsPrevious !== 'true' && endsPrevious !== 'false') return complain('--ends-previous is true or false');
  const token = adminToken();
  if (token === null) return complain(NO_ADMIN_TOKEN);
  const ask = async (path: string, body: object) => {
    const url = `${baseUrl.replace(/\/+$/, '')}/admin/v1${path}`;
    const answer = await requestJson({ method: 'POST', url, token, body });
    if (answer.status >= 300) throw new Error(`${answer.status} POST ${url}\n${JSON.stringify(answer.body, null, 2)}`);
    return answer.body;
  };
  try {
    const isComplete = await rotateKeys(ask, endsPrevious === 'true', (line) => process.stdout.write(`${line}\n`));
    return isComplete ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function send(baseUrl: string, token: string, { method, path, body }: AdminRequest): Promise<number> {
  const url = `${baseUrl.replace(/\/+$/, '')}/admin/v1${path}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: body === null ? null : JSON.stringify(body),
    });
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    process.stderr.write(`no answer from ${baseUrl}${cause}\n`);
    return 1;
  }
  if (!response.ok) {
    process.stderr.write(`${response.status} ${method} /admin/v1${path}\n${indented(text)}\n`);
    return 1;
  }
  if (text !== '') process.stdout.write(`${indented(text)}\n`);
  return 0;
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function complain(problem: string): number {
  process.stderr.write(`${problem}. Help: npm run admin -- --help\n`);
  return 2;
}

const CONNECTION = { 'base-url': { type: 'string' }, env: { type: 'string' } } as const;

process.exitCode = await main();
