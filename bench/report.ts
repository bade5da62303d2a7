import { median, spread } from './statistics.ts';
import { table } from './table.ts';

/** The text of a part of the benchmark, and the goals that it checks. */
export type Report = { text: string; verdicts: Verdict[] };

export type Verdict = { text: string; isMet: boolean };

/** Judges the median of the runs. */
export function atLeast(what: string, values: readonly number[], goal: number, digits = 2): Verdict {
  return verdict(what, values, digits, `at least ${goal}`, median(values) >= goal);
}

export function below(what: string, values: readonly number[], goal: number, digits = 1): Verdict {
  return verdict(what, values, digits, `below ${goal}`, median(values) < goal);
}

export function atMost(what: string, values: readonly number[], goal: number, digits = 2): Verdict {
  return verdict(what, values, digits, `at most ${goal}`, median(values) <= goal);
}

function verdict(what: string, values: readonly number[], digits: number, goal: string, isMet: boolean): Verdict {
  return { text: `${isMet ? 'reached' : 'MISSED '}  ${what}: ${spread(values, digits)}, goal: ${goal}`, isMet };
}

/** The quotients of two series, run by run, because both were measured within the same minutes. */
export function ratios(series: readonly number[], floors: readonly number[]): number[] {
  return series.map((value, run) => value / (floors[run] ?? Number.NaN));
}

export function titledTable(title: string, header: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${title}\n${table(['', ...header], rows)}\n`;
}
