import type { LogLine } from './runtime.ts';

/** A thread in memory has three open files: its database, the write-ahead log and its index. */
const FILES_OF_A_THREAD = 3;
/** The open files of everything else: sockets, D1, queues and the runtime itself. */
const OTHER_FILES = 50;
const ENOUGH = 4_096;

/**
 * Warns when a process may open so few files that the runtime would end under an ordinary load. Node raises the soft
 * limit to the hard one for itself and its children, so only the hard limit matters.
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

/** The hard limit of open files. Null when there is none, or when Node does not report it (Windows). */
function hardLimit(): number | null {
  // Otherwise the report looks up the names of all connections. Node's types lack this option.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { hard: number | string } } };
  const hard = report.userLimits?.open_files?.hard;
  return typeof hard === 'number' ? hard : null;
}
