import { describe, expect, test } from 'vitest';
import {
  type CopiedPresence,
  changeClient,
  checkDueAt,
  copyDueAt,
  departureAt,
  isUserPresent,
  makeRoom,
  newClient,
  nextAlarm,
  nextClientId,
  outlivedClients,
  pruneDueAt,
} from '../../../src/presence/presence-rules.ts';
import { type ClientFacts, clientResource } from '../../../src/resources/user-client.ts';

const NOW = 1_772_000_000_000;
const DAY = 24 * 3_600_000;

function client(id: string, expiresAt: number): ClientFacts {
  return { ...newClient(id, {}, NOW - DAY), presence_expires_at: expiresAt };
}

describe('a client', () => {
  test('keeps its user present for 120 s, or for as long as it says', () => {
    expect(newClient('a', {}, NOW)).toEqual({
      id: 'a',
      presence_expires_in: 120,
      presence_expires_at: NOW + 120_000,
      gcm_token: null,
      properties: {},
      subscribed_channels: [],
      created_at: NOW,
      updated_at: NOW,
    });
    expect(newClient('a', { presence_expires_in: 7200 }, NOW).presence_expires_at).toBe(NOW + 7_200_000);
  });

  test('is renewed by each change, and keeps the fields that a change leaves out', () => {
    const before = newClient('a', { presence_expires_in: 60, gcm_token: 'push', properties: { tab: 1 } }, NOW);
    expect(changeClient(before, {}, NOW + 100_000)).toEqual({
      ...before,
      presence_expires_at: NOW + 160_000,
      updated_at: NOW + 100_000,
    });
    const after = changeClient(before, { presence_expires_in: 5, gcm_token: null, properties: {} }, NOW + 1);
    expect(after).toMatchObject({
      presence_expires_in: 5,
      presence_expires_at: NOW + 5001,
      gcm_token: null,
      properties: {},
      created_at: NOW,
    });
  });

  test('is about to expire in its last 30 s, and present until its last millisecond', () => {
    const facts = client('a', NOW + 60_000);
    const at = (now: number) => {
      const { is_present, is_about_to_expire } = clientResource(facts, now);
      return [is_present, is_about_to_expire];
    };
    expect(at(NOW + 30_000)).toEqual([true, false]);
    expect(at(NOW + 30_001)).toEqual([true, true]);
    expect(at(NOW + 59_999)).toEqual([true, true]);
    expect(at(NOW + 60_000)).toEqual([false, false]);
  });
});

describe('ids of clients', () => {
  test('sort by creation, also within one millisecond and when the clock goes back', () => {
    const clients: ClientFacts[] = [];
    for (const now of [NOW, NOW, NOW, NOW - 5, NOW + 1, NOW + 60_000]) {
      clients.push(newClient(nextClientId(clients, now), {}, now));
    }
    const ids = clients.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(6);
  });
});

describe('a user', () => {
  test('is present until their last client expires', () => {
    expect([null, NOW - 1, NOW, NOW + 1].map((until) => isUserPresent(until, NOW))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('has at most 100 clients: expired ones make room, the longest expired first, present ones never', () => {
    const live = Array.from({ length: 98 }, (_, place) => client(`live-${place}`, NOW + 1));
    expect(makeRoom([], NOW)).toEqual([]);
    expect(makeRoom(live, NOW)).toEqual([]);
    const full = [...live, client('expired', NOW), client('expired-before', NOW - 1)];
    expect(makeRoom(full, NOW)).toEqual(['expired-before']);
    expect(makeRoom([...full, client('expired-long-before', NOW - 2)], NOW)).toEqual([
      'expired-long-before',
      'expired-before',
    ]);
    expect(makeRoom([...live, client('a', NOW + 1), client('b', NOW + 1)], NOW)).toBeNull();
  });

  test('loses clients that expired 30 days ago, but never the last one', () => {
    const clients = [client('old', NOW - 30 * DAY), client('young', NOW - 30 * DAY + 1), client('live', NOW + 1)];
    expect(outlivedClients(clients, NOW)).toEqual(['old']);
    expect(outlivedClients([client('b', NOW - 40 * DAY), client('a', NOW - 50 * DAY)], NOW)).toEqual(['a']);
    expect(outlivedClients([client('a', NOW - 50 * DAY)], NOW)).toEqual([]);
    expect(outlivedClients([], NOW)).toEqual([]);
  });
});

describe('the copy in D1', () => {
  const until = (seconds: number | null, count = 0): CopiedPresence => ({
    present_until: seconds === null ? null : NOW + seconds * 1000,
    current_chat_count: count,
  });

  test.each<[string, CopiedPresence | null, CopiedPresence, number | null]>([
    ['what it has is unknown', null, until(null), NOW],
    ['the user comes', until(null), until(60), NOW],
    ['they come back', until(-5), until(60), NOW],
    ['their last client goes', until(60), until(null), NOW],
    ['they leave sooner', until(60), until(59), NOW],
    ['a chat is added', until(60), until(60, 1), NOW],
    ['a chat is taken away while they are absent', until(null, 1), until(null), NOW],
    ['they stay longer, with time left', until(60), until(120), NOW + 30_000],
    ['they stay longer, with little left', until(29), until(120), NOW],
    ['nothing changes', until(60), until(60), null],
    ['they were absent and are', until(null), until(-1), null],
    ['their time runs out', until(-1), until(-1), null],
  ])('is due when %s', (_, copied, present, due) => {
    expect(copyDueAt(copied, present, NOW)).toBe(due);
  });

  test('follows a client that renews every second with one write every 90 s, and is never behind the clock', () => {
    let copied = until(null);
    let copies = 0;
    for (let second = 0; second < 900; second++) {
      const now = NOW + second * 1000;
      const present = until(second + 120);
      const due = copyDueAt(copied, present, now);
      if (due !== null && due <= now) {
        copied = present;
        copies += 1;
      }
      expect(copied.present_until).toBeGreaterThan(now);
    }
    expect(copies).toBe(10);
  });
});

describe('chats hear that a user is absent', () => {
  test.each([
    ['30 s after the last client expired', NOW, null, NOW + 30_000],
    ['at once when no client is left', null, null, 0],
    ['not within the grace after an arrival', null, NOW + 5000, NOW + 5000],
    ['when both have passed', NOW, NOW + 5000, NOW + 30_000],
  ])('%s', (_, until, arrivalEndsAt, due) => {
    expect(departureAt(until, arrivalEndsAt)).toBe(due);
  });
});

describe('the alarm', () => {
  test('rings for whatever is due first', () => {
    expect(nextAlarm([null, null], NOW)).toBeNull();
    expect(nextAlarm([NOW + 60_000, null, NOW + 30_000, NOW + 45_000], NOW)).toBe(NOW + 30_000);
  });

  test('rings once a week for a user with chats, so that chats that they have left are forgotten', () => {
    expect([checkDueAt(NOW, 0), checkDueAt(NOW, 1)]).toEqual([null, NOW + 7 * DAY]);
  });

  test('does not spin when it is late', () => {
    expect(nextAlarm([NOW - 5000], NOW)).toBe(NOW + 1000);
  });

  test('rings for old clients only while one may be deleted', () => {
    expect(pruneDueAt({ count: 0, first: null, last: null })).toBeNull();
    expect(pruneDueAt({ count: 1, first: NOW, last: NOW })).toBeNull();
    expect(pruneDueAt({ count: 2, first: NOW, last: NOW + DAY })).toBe(NOW + 30 * DAY);
  });
});
