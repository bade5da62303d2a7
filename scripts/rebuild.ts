import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { requestJson } from './json-request.ts';
import { type RebuildAnswer, runRebuild } from './rebuild-run.ts';

const HELP = `Usage: node scripts/rebuild.ts [options]

Rebuilds D1's copy of the chats from the threads' logs, thread by thread. The hub goes on meanwhile.

  --base-url <url>   default: UMI_BASE_URL, else http://127.0.0.1:8787
  --ids <file>       Durable Object ids of the threads, one a line, as Cloudflare lists them: for a register of threads that is
                     lost. Without it the register says which threads there are.
  UMI_ADMIN_TOKEN    the ADMIN_TOKEN of the hub (from the environment only: arguments are visible to other users)

Ends with 1 when a thread could not be rebuilt or the hub refuses, with 2 when the command is wrong.
`;

/** The operator's rebuild of the copy, through /admin/v1. */
async function main(): Promise<number> {
  let values: { 'base-url'?: string | undefined; ids?: string | undefined; help?: boolean | undefined };
  try {
    ({ values } = parseArgs({
      options: { 'base-url': { type: 'string' }, ids: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }));
  } catch (error) {
    return complain(errorText(error));
  }
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const token = process.env['UMI_ADMIN_TOKEN'] ?? '';
  if (token === '') return complain('UMI_ADMIN_TOKEN is not set');
  const baseUrl = values['base-url'] ?? process.env['UMI_BASE_URL'] ?? 'http://127.0.0.1:8787';
  const url = `${baseUrl.replace(/\/+$/, '')}/admin/v1/rebuild`;
  try {
    const ids = values.ids === undefined ? null : readIds(values.ids);
    const ask = async (body: object) => {
      const answer = await requestJson({ method: 'POST', url, token, body });
      if (answer.status !== 200)
        throw new Error(`${answer.status} POST ${url}\n${JSON.stringify(answer.body, null, 2)}`);
      return answer.body as RebuildAnswer;
    };
    const { failed } = await runRebuild(ask, ids, (line) => process.stdout.write(`${line}\n`));
    return failed === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    return 1;
  }
}

function readIds(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

function complain(problem: string): number {
  process.stderr.write(`${problem}\nSee: node scripts/rebuild.ts --help\n`);
  return 2;
}

process.exitCode = await main();
