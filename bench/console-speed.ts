import { consoleSize } from '../scripts/site-build.ts';
import { loadPage } from '../test/support/local/page-load.ts';
import { measureHalfOpen, measureSoak } from './console/breaks.ts';
import { measureChats } from './console/chats.ts';
import { ALL_OPEN, atDesk, type BenchDesk, writeMessages } from './console/desk.ts';
import { measureIdleHour } from './console/idle-hour.ts';
import { measureLongList, measureLongThread } from './console/long-lists.ts';
import type { Report, Verdict } from './report.ts';
import { median, percentile } from './statistics.ts';
import { table } from './table.ts';

/** A bar of the console, and what was reached. `isMet`: null for what has no bar. */
type Bar = { what: string; bar: string; reached: string; isMet: boolean | null };

const SOAK_MINUTES = 10;

/** What `--part` may name: `size` needs no browser. */
export const CONSOLE_PARTS = ['chats', 'load', 'idle', 'silence', 'list', 'thread', 'size'] as const;
export type ConsolePart = (typeof CONSOLE_PARTS)[number];

type Asked = { quick: boolean; soak: boolean; part: ConsolePart | null };

/** The console in Chromium against a hub: what agents feel, and what they cost (docs/benchmarks.md). `part`: null for all. */
export async function measureConsole({ quick, soak, part }: Asked): Promise<Report> {
  const bars: Bar[] = [];
  const under = (what: string, value: number, bar: number, unit: string) =>
    bars.push({ what, bar: `< ${bar} ${unit}`, reached: `${rounded(value)} ${unit}`, isMet: value < bar });
  const atMost = (what: string, value: number, bar: number, unit = '') =>
    bars.push({
      what,
      bar: `≤ ${bar} ${unit}`.trim(),
      reached: `${rounded(value)} ${unit}`.trim(),
      isMet: value <= bar,
    });
  const tell = (what: string, reached: string) => bars.push({ what, bar: '', reached, isMet: null });
  const isAsked = (name: ConsolePart) => part === null || part === name;

  const measures: readonly [ConsolePart, (desk: BenchDesk) => Promise<void>][] = [
    [
      'chats',
      async (desk) => {
        const { cached, cold, live, liveCalls, sends } = await measureChats(desk, quick ? 20 : 100);
        under('a chat opened before, median', median(cached), 50, 'ms');
        under('a chat opened before, p95', tail(cached), 100, 'ms');
        under('another chat, median', median(cold), 200, 'ms');
        tell('another chat, p95', `${rounded(tail(cold))} ms`);
        under("a visitor's request → in the page, median", median(live), 50, 'ms');
        under("a visitor's request → in the page, p95", tail(live), 100, 'ms');
        const times = sends.map(({ milliseconds }) => milliseconds);
        under('own message in the page, median', median(times), 16, 'ms');
        tell('own message in the page, worst', `${rounded(Math.max(...times))} ms`);
        atMost('own message, frames before it', Math.max(...sends.map(({ frames }) => frames)), 0);
        atMost('own message, times in the thread', Math.max(...sends.map(({ shown }) => shown)), 1);
        atMost('calls of a live message', liveCalls / live.length, 0);
      },
    ],
    [
      'load',
      async (desk) => {
        await writeMessages(desk, 'First load', 1);
        const list = `${desk.site.site.hub.url}${ALL_OPEN}`;
        const loads = [];
        for (let load = 0; load < (quick ? 1 : 5); load++) loads.push(await loadPage(desk.context, list));
        under('first load → live, empty cache', median(loads.map(({ live }) => live)) / 1_000, 1, 's');
        atMost('requests that the list waits for', Math.max(...loads.map(({ before }) => before.length)), 6);
        atMost('API calls of a page load', Math.max(...loads.map(({ calls }) => calls.length)), 6);
      },
    ],
    ['idle', async (desk) => void atMost('calls of an idle hour', await measureIdleHour(desk, quick ? 0.1 : 1), 75)],
    ['silence', async (desk) => void atMost('half-open socket noticed', await measureHalfOpen(desk), 15, 's')],
    [
      'list',
      async (desk) => {
        const list = await measureLongList(desk, 10_000, quick ? 3 : 20);
        under(`list of ${list.rows} rows: p95 frame, 900 px each`, list.frame, 33, 'ms');
        under('its rows in the page', list.inPage, 60, '');
        under('a row moves to the top: longest frame, median', median(list.reorder), 33, 'ms');
      },
    ],
    [
      'thread',
      async (desk) => {
        const thread = await measureLongThread(desk, quick ? 2_000 : 20_000);
        tell('the first chat that a page opens, 30 messages', `${rounded(thread.first)} ms`);
        under(`thread of ${thread.messages} messages: opened`, thread.opened, 200, 'ms');
        under(`${thread.pages} pages read back: heap`, thread.heap, 80, 'MB');
        under('scrolled through: p95 frame, 900 px each', thread.frame, 33, 'ms');
        tell('its messages in the page', String(thread.inPage));
      },
    ],
  ];
  // Lists and threads of thousands of rows have a hub of their own.
  const desks = [measures.slice(0, 4), measures.slice(4)];
  for (const atOne of desks.map((all) => all.filter(([name]) => isAsked(name)))) {
    if (atOne.length === 0) continue;
    await atDesk(async (desk) => {
      for (const [name, measure] of atOne) {
        process.stderr.write(`  ${name} …\n`);
        await measure(desk);
      }
    });
  }
  if (isAsked('size')) {
    const { initial, all } = await consoleSize();
    atMost('scripts and styles at first, gzip', initial / 1_000, 200, 'kB');
    atMost('all scripts and styles, gzip', all / 1_000, 320, 'kB');
  }
  if (soak) {
    process.stderr.write('  soak …\n');
    const { begin, end, messages } = await atDesk((desk) => measureSoak(desk, quick ? 1 : SOAK_MINUTES));
    under(`heap after ${messages} messages, from ${rounded(begin)} MB`, (end / begin - 1) * 100, 20, '% more');
  }
  return {
    text: `${table(
      ['the console', 'bar', 'reached'],
      bars.map(({ what, bar, reached }) => [what, bar, reached]),
    )}\n`,
    verdicts: bars.flatMap(verdictOf),
  };
}

function verdictOf({ what, bar, reached, isMet }: Bar): Verdict[] {
  if (isMet === null) return [];
  return [{ text: `${isMet ? 'reached' : 'MISSED '}  ${what}: ${reached}, goal: ${bar}`, isMet }];
}

const rounded = (value: number) => (value < 10 ? value.toFixed(1) : value.toFixed(0));

const tail = (times: readonly number[]) =>
  percentile(
    times.toSorted((one, other) => one - other),
    0.95,
  );
