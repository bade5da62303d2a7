import { describe, expect, it } from 'vitest';
import { alertWords } from '../../../src/console-app/desk/alert-words.ts';
import { DEFAULT_PREFERENCES, preferencesIn } from '../../../src/console-app/desk/preferences.ts';

describe('preferences', () => {
  it('are those that were kept', () => {
    const kept = {
      orders: { mine: 'created' },
      room_id: 'a room',
      alerts: ['mine'],
      has_single_keys: false,
      enter_sends: false,
    } as const;
    expect(preferencesIn(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  it('are the usual ones where nothing was kept, or what no console of today knows', () => {
    for (const kept of [undefined, null, 'text', 7, [], {}]) expect(preferencesIn(kept)).toEqual(DEFAULT_PREFERENCES);
    expect(
      preferencesIn({
        orders: { mine: 'sideways', elsewhere: 'created', open: 'waiting' },
        room_id: 7,
        alerts: ['mine', 'the moon'],
        has_single_keys: 'yes',
        more: true,
      }),
    ).toEqual({ ...DEFAULT_PREFERENCES, orders: { open: 'waiting' }, alerts: ['mine'] });
  });
});

it('an alert says what there is of each kind', () => {
  expect(alertWords({ waiting: 0, mine: 0, mentioned: 0, invitations: 0 })).toBe('');
  expect(alertWords({ waiting: 1, mine: 0, mentioned: 0, invitations: 2 })).toBe(
    'A visitor waits for an answer, 2 invitations wait for you',
  );
  expect(alertWords({ waiting: 0, mine: 1, mentioned: 0, invitations: 0 })).toBe('A visitor has written to you');
});
