import { readFileSync } from 'node:fs';
import { ADMIN_TOKEN_HELP, adminToken, defaultBaseUrl, NO_ADMIN_TOKEN } from './admin-connection.ts';
import { readCommandLine } from './command-line.ts';
import { requestJson } from './json-request.ts';
import { type RebuildAnswer, runRebuild } from './rebuild-run.ts';

/** The operator's rebuild of the copy, through /admin/v1. */
async function main(): Promise<number> {
  const { 'base-url': baseUrl = defaultBaseUrl(), ids: idsFile } = readCommandLine({
    run: 'npm run rebuild',
    does: `Rebuilds D1's copy of the chats from the threads' logs, thread by thread. The hub continues to run.
Ends with 1 when a thread could not be rebuilt or the hub refuses.
${ADMIN_TOKEN_HELP}`,
    options: {
      'base-url': { takes: 'URL', says: 'UMI_BASE_URL by default, else http://127.0.0.1:8787' },
      ids: {
        takes: 'FILE',
        says: 'Durable Object ids of the threads, one a line: for a register of threads that is lost',
      },
    },
  });
  const token = adminToken();
  if (token === null) {
    process.stderr.write(`${NO_ADMIN_TOKEN}\n`);
    return 2;
  }
  const url = `${baseUrl.replace(/\/+$/, '')}/admin/v1/rebuild`;
  try {
    const ids = idsFile === undefined ? null : readIds(idsFile);
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
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--ids ${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
  const lines = text.split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

process.exitCode = await main();
