import type { LogLine } from './runtime.ts';

/** An awake thread holds its database, the log of its changes and their index open. */
const FILES_OF_A_THREAD = 3;
/** Of everything else: sockets, D1, queues, the runtime's own. */
const OTHER_FILES = 50;
const ENOUGH = 4_096;

/**
 * Warns when the system lets a process open so few files that the runtime would end under an ordinary load. Node raises the soft
 * limit to the hard one for itself and what it starts; only the hard one matters.
 */
export function warnOfFewFiles(log: (line: LogLine) => void = () => {}): void {
  const limit = hardLimit();
  if (limit === null || limit >= ENOUGH) return;
  const threads = Math.max(0, Math.floor((limit - OTHER_FILES) / FILES_OF_A_THREAD));
  log({
    level: 'warn',
    message: `This process may open ${limit} files (ulimit -Hn): the runtime ends at about ${threads} threads that are awake. Raise the limit to ${ENOUGH} or more.`,
  });
}

/** Null where there is none, or where Node does not tell (Windows). */
function hardLimit(): number | null {
  // The report looks up the names of all connections otherwise; Node's types do not know the switch.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard: number | string } } };
  const hard = report.userLimits?.open_files?.hard;
  return typeof hard === 'number' ? hard : null;
}
