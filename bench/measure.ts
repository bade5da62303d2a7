import { fork } from 'node:child_process';
import { projectPath } from '../scripts/project.ts';
import type { LoadJob, LoadResult } from './load-job.ts';

export type Measurement = {
  requestsPerSecond: number;
  /** Milliseconds. */
  p50: number;
  p95: number;
  p99: number;
  /** Averages for a request. */
  d1Trips: number;
  d1RowsRead: number;
  d1RowsWritten: number;
  threadRowsWritten: number;
};

/** Sends a job's requests from another process. Throws when any answer had another status than the expected one. */
export async function measure(job: LoadJob): Promise<Measurement> {
  const result = await runInProcess(job);
  if (Object.keys(result.unexpected).length > 0) {
    throw new Error(`${job.method} ${job.path} answered ${JSON.stringify(result.unexpected)} (status: count)`);
  }
  return {
    requestsPerSecond: job.count / result.seconds,
    p50: percentile(result.latencies, 0.5),
    p95: percentile(result.latencies, 0.95),
    p99: percentile(result.latencies, 0.99),
    d1Trips: result.d1Trips / job.count,
    d1RowsRead: result.d1RowsRead / job.count,
    d1RowsWritten: result.d1RowsWritten / job.count,
    threadRowsWritten: result.threadRowsWritten / job.count,
  };
}

/** The median of each number over several runs. */
export function medians(runs: readonly Measurement[]): Measurement {
  const of = (read: (run: Measurement) => number): number => median(runs.map(read));
  return {
    requestsPerSecond: of((run) => run.requestsPerSecond),
    p50: of((run) => run.p50),
    p95: of((run) => run.p95),
    p99: of((run) => run.p99),
    d1Trips: of((run) => run.d1Trips),
    d1RowsRead: of((run) => run.d1RowsRead),
    d1RowsWritten: of((run) => run.d1RowsWritten),
    threadRowsWritten: of((run) => run.threadRowsWritten),
  };
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** Nearest rank; `sorted` ascending and not empty. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function runInProcess(job: LoadJob): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    const child = fork(projectPath('bench/load.ts'));
    child.once('message', (result) => resolve(result as LoadResult));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`the load generator ended with ${code}`));
    });
    child.send(job);
  });
}
