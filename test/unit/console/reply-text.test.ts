import { expect, it } from 'vitest';
import { choosingAt, filledIn, fittingReplies, withReply } from '../../../src/console-app/composer/reply-text.ts';

it('a canned reply is chosen by a slash at the start of the line of the caret', () => {
  expect(choosingAt('/', 1)).toEqual({ from: 0, to: 1, query: '' });
  expect(choosingAt('Hello\n/Lat and more', 10)).toEqual({ from: 6, to: 10, query: 'lat' });
  for (const [text, caret] of [
    ['and/or', 6],
    ['/two words', 10],
    ['text', 4],
    ['/late', 0],
  ] as const) {
    expect([text, choosingAt(text, caret)]).toEqual([text, null]);
  }
});

it('replies fit by their shortcut first, then by their words', () => {
  const replies = ['relate', 'late', 'other', 'lately'].map((shortcut) => ({ shortcut, message: 'We are Late.' }));
  const none = { shortcut: 'none', message: 'Nothing' };
  expect(fittingReplies([none, ...replies], 'late').map(({ shortcut }) => shortcut)).toEqual([
    'late',
    'lately',
    'other',
    'relate',
  ]);
});

it('what is known is filled in, and the first gap is selected', () => {
  const facts = new Map([
    ['visitor_name', 'Jane {{agent_name}}'],
    ['agent_name', 'Smith'],
  ]);
  const reply = filledIn('Dear {{ visitor_name }}, your order {{order_id}}. {{agent_name}}', facts);
  expect(reply).toBe('Dear Jane {{agent_name}}, your order {{order_id}}. Smith');
  expect(withReply('Hello\n/la!', { from: 6, to: 9, query: 'la' }, 'Order {{id}} is late.')).toEqual({
    text: 'Hello\nOrder {{id}} is late.!',
    selection: [12, 18],
  });
  expect(withReply('', { from: 0, to: 0, query: '' }, 'Yes').selection).toEqual([3, 3]);
});
