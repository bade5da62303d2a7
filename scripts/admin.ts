import { parseArgs } from 'node:util';
import { type AdminRequest, commandOptions, helpText, parseCommand } from './admin-command.ts';
import { adminToken, defaultBaseUrl, NO_ADMIN_TOKEN } from './admin-connection.ts';
import { argumentProblem } from './command-line.ts';

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
      options: { ...options, 'base-url': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    return complain(argumentProblem(error));
  }
  const { positionals } = parsed;
  const {
    help,
    'base-url': baseUrl = defaultBaseUrl(),
    ...values
  } = parsed.values as Record<string, string | undefined>;
  if (positionals.length === 0 || help !== undefined) {
    process.stdout.write(helpText());
    return 0;
  }
  const command = parseCommand(positionals, values);
  if (!command.ok) return complain(command.problem);
  const token = adminToken();
  if (token === null) return complain(NO_ADMIN_TOKEN);
  return send(baseUrl, token, command.request);
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

process.exitCode = await main();
