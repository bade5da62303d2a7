import { expect, it } from 'vitest';
import { shortLogLine } from '../../../scripts/log-lines.ts';

const request = { level: 'info', event: 'request', request_id: 'r', method: 'GET', status: 200, duration_ms: 3 };
const failure = { level: 'warn', thread: 't', receiver: 'channel/c1', track: 'lane', delivery_id: 'd', attempt: 2 };

it.each([
  [{ ...request, route: '/healthz', cost: { d1: { trips: 1 } } }, 'GET /healthz 200 3 ms'],
  [{ ...request, route: null, status: 404 }, 'GET (no such route) 404 3 ms'],
  [
    { ...failure, event: 'delivery.attempt_failed', status: null, error: 'connection failed', retry_in_seconds: 3 },
    'webhook failed: channel/c1, attempt 2: connection failed; again in 3 s',
  ],
  [
    { ...failure, event: 'delivery.exhausted', status: 500, error: null },
    'webhook given up: channel/c1, attempt 2: status 500; it can be replayed when the receiver is back (docs/webhooks.md)',
  ],
  [
    {
      level: 'error',
      event: 'request_failed',
      method: 'GET',
      route: '/x',
      error: { name: 'E', stack: 'E: no\n at x' },
    },
    'error: GET /x: E: no\n at x',
  ],
  [
    { level: 'info', event: 'watchdog', database: 'DB', offered: 0, threads: ['t'] },
    'info: watchdog database=DB offered=0 threads=["t"]',
  ],
])('shows %j in short', (fields, line) => {
  expect(shortLogLine(JSON.stringify(fields))).toBe(line);
});

it('leaves what is no line of the log as it is', () => {
  for (const line of ['Uncaught Error: x', '{not json', '{"an":"object"}']) expect(shortLogLine(line)).toBe(line);
});
