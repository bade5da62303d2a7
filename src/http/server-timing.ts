import type { Cost } from '../db/cost.ts';
import type { AppMiddleware } from './app-environment.ts';

/** With SERVER_TIMING=1 each response reports its cost in the header `Server-Timing`. */
export function reportServerTiming(): AppMiddleware {
  return async (c, next) => {
    if (c.env.SERVER_TIMING !== '1') return next();
    const started = performance.now();
    await next();
    c.header('Server-Timing', serverTiming(c.var.cost, performance.now() - started));
  };
}

/** The header's value. `total` in ms; counts are fractions where the request shared a batch with others. */
export function serverTiming(cost: Cost, total: number): string {
  const { d1, thread } = cost;
  const d1Counts = `trips=${figure(d1.trips)};read=${figure(d1.rowsRead)};written=${figure(d1.rowsWritten)}`;
  const threadCounts = `calls=${figure(thread.calls)};written=${figure(thread.rowsWritten)}`;
  return [
    `d1;desc="${d1Counts}";dur=${figure(d1.milliseconds)}`,
    `thread;desc="${threadCounts}";dur=${figure(thread.milliseconds)}`,
    `total;dur=${figure(total)}`,
  ].join(', ');
}

/** At most three fraction digits, never an exponent. */
function figure(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
