import { fork } from 'node:child_process';
import { projectPath } from '../scripts/project.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import { percentile } from './statistics.ts';

export type Measurement = {
  requestsPerSecond: number;
  /** The same during the last fifth of the requests. */
  lastFifth: number;
  /** ms until the answer. */
  p50: number;
  p95: number;
  /** CPU time of the runtime for a request, in ms; NaN when unknown. */
  cpu: number;
  webhooks: WebhookMeasurement | null;
};

export type WebhookMeasurement = {
  /** Delivered webhooks a second, from the first request to the last webhook. */
  perSecond: number;
  /** ms from the answer to the webhook. */
  afterAnswer: { p50: number; p95: number };
  /** ms from the due time of the message to the webhook. */
  afterDue: { p50: number; p95: number };
  repeats: number;
};

/** Sends a job's requests from another process. Throws when an answer had an unexpected status. */
export async function measure(job: LoadJob): Promise<Measurement> {
  const result = await runInProcess(job);
  if (Object.keys(result.unexpected).length > 0) {
    throw new Error(`${job.method} ${job.path} answered ${JSON.stringify(result.unexpected)} (status: count)`);
  }
  const { webhooks } = result;
  return {
    requestsPerSecond: job.count / result.seconds,
    lastFifth: result.lastFifth,
    ...middleAndTail(result.latencies),
    cpu: result.cpu === null ? Number.NaN : result.cpu / job.count,
    webhooks: webhooks && {
      perSecond: job.count / webhooks.seconds,
      afterAnswer: middleAndTail(webhooks.afterAnswer),
      afterDue: middleAndTail(webhooks.afterDue),
      repeats: webhooks.repeats,
    },
  };
}

function middleAndTail(sorted: readonly number[]): { p50: number; p95: number } {
  return { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) };
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
