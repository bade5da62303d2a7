import { describe, expect, it } from 'vitest';
import { retriesInWords } from '../../../src/console-app/settings/channels/retries.ts';
import { responderOf, responderValues } from '../../../src/console-app/settings/interfaces/responder.ts';
import {
  changedSpan,
  endOf,
  mondayUntilFriday,
  officeHours,
  problemOfSpan,
  shownEnd,
  spansOf,
  withoutSpan,
  withSpan,
} from '../../../src/console-app/settings/rooms/week.ts';
import {
  chosenOf,
  type Names,
  type Router,
  reachInWords,
  sentenceOf,
  targetsOf,
} from '../../../src/console-app/settings/routers/router-sentence.ts';

describe('the retries of a channel in words', () => {
  it.each([
    [0, 'A webhook that fails is not sent again.'],
    [1, 'Gives up about a second after the first attempt. A restart of the receiver may take longer.'],
    [3, 'Gives up about 7 seconds after the first attempt. A restart of the receiver may take longer.'],
    [8, 'Gives up about 4 minutes after the first attempt. A restart of the receiver may take longer.'],
    [10, 'Gives up about 17 minutes after the first attempt.'],
    [12, 'Gives up about 68 minutes after the first attempt.'],
    [20, 'Gives up about 66 hours after the first attempt.'],
  ])('%i', (count, words) => {
    expect(retriesInWords(count)).toBe(words);
  });

  it('say what is asked while there is no number', () => {
    for (const nothing of [null, Number.NaN, -1]) expect(retriesInWords(nothing)).toMatch(/^How often/);
  });
});

describe('the service hours of a room', () => {
  const monday = { day: 'monday' as const, from: '09:00', to: '12:00' };

  it('begin with office hours, which a further span follows until the end of the day', () => {
    const { hours, time_zone } = officeHours('Europe/Helsinki');
    expect([time_zone, hours.length, hours[0]]).toEqual(['Europe/Helsinki', 5, { ...monday, to: '17:00' }]);
    expect(withSpan([], 'sunday')).toEqual([{ day: 'sunday', from: '09:00', to: '17:00' }]);
    const two = withSpan([monday], 'monday');
    expect(two).toEqual([monday, { day: 'monday', from: '12:00', to: '24:00' }]);
    expect(withSpan(two, 'monday')).toEqual(two);
    expect(spansOf(two, 'monday').map(({ place }) => place)).toEqual([0, 1]);
  });

  it('change and go by their place, and are copied from Monday until Friday', () => {
    const plan = [monday, { ...monday, day: 'friday' as const, to: '10:00' }, { ...monday, day: 'sunday' as const }];
    expect(changedSpan(plan, 1, { to: '11:00' })[1]).toEqual({ day: 'friday', from: '09:00', to: '11:00' });
    expect(withoutSpan(plan, 0)).toEqual(plan.slice(1));
    const copied = mondayUntilFriday(plan);
    expect(copied.map(({ day, to }) => `${day} ${to}`)).toEqual([
      'monday 12:00',
      'tuesday 12:00',
      'wednesday 12:00',
      'thursday 12:00',
      'friday 12:00',
      'sunday 12:00',
    ]);
  });

  it('end at midnight as a browser shows it, and say what is wrong', () => {
    expect([shownEnd('24:00'), endOf('00:00'), endOf('17:00')]).toEqual(['00:00', '24:00', '17:00']);
    expect(problemOfSpan(monday)).toBeNull();
    expect(problemOfSpan({ ...monday, to: '09:00' })).toBe('The end must be later than the start.');
    expect(problemOfSpan({ ...monday, from: '' })).toBe('Enter both times.');
  });
});

describe('what a router does, in words', () => {
  const names: Names = (_, id) => ({ support: 'Support', sales: 'Sales', smith: 'Smith', billing: 'Billing' })[id];
  const target = (kind: Router['targets'][number]['kind'], id: string | null, include_bots = false) => ({
    kind,
    id,
    include_bots,
  });

  it('names rooms and targets, also those that are gone', () => {
    const sentence = (room_ids: string[], ...targets: Router['targets']) => sentenceOf({ room_ids, targets }, names);
    expect(sentence([], target('all', null))).toBe('It has no room yet, so it decides nothing.');
    expect(sentence(['support'])).toBe('Chats in Support go to nobody.');
    expect(sentence(['support', 'sales'], target('all', null))).toBe('Chats in Support and Sales go to all people.');
    expect(sentence(['support', 'x'], target('user', 'smith'), target('team', 'billing'), target('team', 'y'))).toBe(
      'Chats in Support and a room that is gone go to Smith, the team Billing and a team that is gone.',
    );
    expect(sentence(['sales'], target('user', 'y'), target('organization', 'p', true))).toBe(
      'Chats in Sales go to somebody who is gone and a partner organization with its bots.',
    );
  });

  it('is the same after its form has had it', () => {
    const targets = [
      target('all', null, true),
      target('user', 'smith'),
      target('team', 'billing'),
      target('organization', 'p', true),
    ];
    expect(targetsOf(chosenOf(targets))).toEqual(targets);
    expect(targetsOf(chosenOf([target('all', null)]))).toEqual([target('all', null)]);
    expect(chosenOf([]).everybody).toBe('no');
  });

  it('counts whom it reaches', () => {
    const words = (users: number, bots: number) => reachInWords({ users, bots }, 1000);
    expect([words(0, 0), words(1, 0), words(4, 1), words(0, 2), words(1000, 0)]).toEqual([
      'Reaches nobody.',
      'Reaches 1 person.',
      'Reaches 4 people and 1 bot.',
      'Reaches 0 people and 2 bots.',
      'Reaches 1000 or more people.',
    ]);
  });
});

describe('the responder of the threads API', () => {
  const values = responderValues({ type: 'openai', url: 'https://ai.example.com', model: 'small', mode: 'suggest' });

  it('has only the fields of its type, and its key only when that is a new one', () => {
    const { url, model } = { url: 'https://ai.example.com', model: 'small' };
    expect(responderOf(values)).toEqual({ type: 'openai', url, model, mode: 'suggest' });
    expect(responderOf({ ...values, 'responder.api_key': 'k' })).toMatchObject({ api_key: 'k' });
    expect(responderOf({ ...values, 'responder.type': 'http' })).toEqual({ type: 'http', url, mode: 'suggest' });
    expect(responderOf({ ...values, 'responder.type': 'workers_ai' })).toEqual({
      type: 'workers_ai',
      model,
      mode: 'suggest',
    });
    expect(responderOf(responderValues(null))).toBeNull();
  });
});
