import { requestJson } from '../scripts/json-request.ts';
import { hubSources } from '../scripts/worker-build.ts';
import { COUNTS_PATH, type Counts } from './counts.ts';

/** Builds the hub with the entry that counts. */
export const countingHub = {
  config: hubSources.config,
  main: 'bench/counting-worker.ts',
  sources: [...hubSources.sources, 'bench/counting-worker.ts', 'bench/counts.ts'],
};

/** What a counting hub has counted since it was last asked. */
export async function takeCounts(url: string): Promise<Counts> {
  const { status, body } = await requestJson({ method: 'GET', url: `${url}${COUNTS_PATH}`, token: null });
  if (status !== 200) throw new Error(`${COUNTS_PATH} answered ${status}`);
  return body as Counts;
}
