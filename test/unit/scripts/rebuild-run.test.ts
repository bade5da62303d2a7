import { expect, test } from 'vitest';
import { type RebuildAnswer, runRebuild } from '../../../scripts/rebuild-run.ts';

function hub(parts: RebuildAnswer[]) {
  const asked: unknown[] = [];
  const ask = async (body: unknown) => {
    asked.push(body);
    const part = parts.shift();
    if (part === undefined) throw new Error('asked once too often');
    return part;
  };
  return { asked, ask };
}

test('a rebuild walks the register to its end, tells its progress and counts what failed', async () => {
  const lines: string[] = [];
  const { asked, ask } = hub([
    { rebuilt: 2, failed: [], next: 'a' },
    { rebuilt: 0, failed: [{ thread: 't', error: 'not_copied_yet' }], next: 'b' },
    { rebuilt: 1, failed: [], next: null },
  ]);
  expect(await runRebuild(ask, null, (line) => lines.push(line))).toEqual({ rebuilt: 3, failed: 1 });
  expect(asked).toEqual([{}, { cursor: 'a' }, { cursor: 'b' }]);
  expect(lines).toEqual([
    '2 threads rebuilt, 0 failed',
    't: not_copied_yet',
    '2 threads rebuilt, 1 failed',
    '3 threads rebuilt, 1 failed',
  ]);
});

test('a rebuild by ids sends as many as a request takes', async () => {
  const ids = Array.from({ length: 25 }, (_, place) => `id ${place}`);
  const { asked, ask } = hub([
    { rebuilt: 20, failed: [], next: null },
    { rebuilt: 5, failed: [], next: null },
  ]);
  expect(await runRebuild(ask, ids, () => {})).toEqual({ rebuilt: 25, failed: 0 });
  expect(asked).toEqual([{ ids: ids.slice(0, 20) }, { ids: ids.slice(20) }]);
});

test('a rebuild that the hub refuses ends with its error', async () => {
  await expect(
    runRebuild(
      () => Promise.reject(new Error('401')),
      null,
      () => {},
    ),
  ).rejects.toThrow('401');
});
