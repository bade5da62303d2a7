import { expect, test } from 'vitest';
import { nextAlarm } from '../../../src/thread/next-alarm.ts';

const NOW = 1_000_000;
const nothing = { projection: null, lanes: [], expiry: null, chatEnd: null, typing: null, hubs: null, watches: null };

test('an alarm rings at the earliest of what is due', () => {
  const lanes = [NOW + 7000, NOW + 3000];
  expect(nextAlarm({ ...nothing, projection: NOW + 5000, lanes, expiry: NOW + 9000 }, NOW)).toBe(NOW + 3000);
  expect(nextAlarm({ ...nothing, projection: NOW + 5000 }, NOW)).toBe(NOW + 5000);
  expect(nextAlarm({ ...nothing, expiry: NOW + 9000 }, NOW)).toBe(NOW + 9000);
  expect(nextAlarm({ ...nothing, chatEnd: NOW + 8000, watches: NOW + 9000 }, NOW)).toBe(NOW + 8000);
  expect(nextAlarm({ ...nothing, chatEnd: NOW + 8000, watches: NOW + 6000 }, NOW)).toBe(NOW + 6000);
  expect(nextAlarm({ ...nothing, hubs: NOW + 4000, watches: NOW + 6000 }, NOW)).toBe(NOW + 4000);
});

test('an alarm is not set when nothing is due', () => {
  expect(nextAlarm(nothing, NOW)).toBeNull();
});

test('an alarm for what is overdue comes in a second, not at once', () => {
  expect(nextAlarm({ ...nothing, lanes: [0] }, NOW)).toBe(NOW + 1000);
  expect(nextAlarm({ ...nothing, projection: NOW }, NOW)).toBe(NOW + 1000);
});
