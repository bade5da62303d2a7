import { expect, it } from 'vitest';
import { VIEW_LASTS } from '../../../../src/resources/viewer.ts';
import { Viewers } from '../../../../src/thread/live/viewers.ts';

const names = (viewers: Viewers, chat: string, now: number) => viewers.of(chat, now).map(({ user_id }) => user_id);
const user = (user_id: string) => ({ user_id, name: user_id });

it('knows who has said within 30 s that they look at a chat', () => {
  const viewers = new Viewers();
  viewers.note('one', user('ada'), 0);
  viewers.note('one', user('bob'), 10_000);
  viewers.note('two', user('ada'), 10_000);
  expect(names(viewers, 'one', VIEW_LASTS - 1)).toEqual(['ada', 'bob']);
  expect(names(viewers, 'one', VIEW_LASTS)).toEqual(['bob']);
  viewers.note('one', user('bob'), VIEW_LASTS);
  viewers.leave('one', 'nobody');
  expect(names(viewers, 'one', VIEW_LASTS + 10_000)).toEqual(['bob']);
  viewers.leave('one', 'bob');
  expect(names(viewers, 'one', VIEW_LASTS + 10_000)).toEqual([]);
  expect(names(viewers, 'two', VIEW_LASTS + 10_000)).toEqual([]);
});

it('remembers the newest fifty of a chat', () => {
  const viewers = new Viewers();
  for (let number = 0; number < 60; number++) viewers.note('one', user(`user-${number}`), number);
  viewers.note('one', user('user-10'), 61);
  const known = names(viewers, 'one', 61);
  expect([known.length, known[0], known.at(-1)]).toEqual([50, 'user-11', 'user-10']);
});
