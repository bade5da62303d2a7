import { expect, test } from 'vitest';
import { runScenario } from '../../chaos/scenario.ts';

// The short form of `npm run chaos`. Only the long form judges times.
test('a hub that is killed under load loses nothing, keeps the order, and repeats only what was in flight', async () => {
  const events = 1_000;
  const outcome = await runScenario({
    name: 'one kill',
    fault: null,
    threads: 100,
    events,
    rate: null,
    failuresInARow: 1,
    async play({ acknowledged, kill }) {
      await acknowledged(events / 2);
      await kill('hub');
    },
  });
  expect(outcome.violations).toEqual([]);
  expect(outcome).toMatchObject({ events, webhooks: 675, kills: 1, lost: 0, inversions: 0 });
}, 240_000);
