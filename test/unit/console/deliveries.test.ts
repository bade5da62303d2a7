import { describe, expect, it } from 'vitest';
import { changed, filterOf, listPath } from '../../../src/console-app/deliveries/filter.ts';
import { type Receiver, receiverWith } from '../../../src/console-app/deliveries/receivers.ts';
import { answerOf, attemptsOf, type Delivery, eventOf, resultOf } from '../../../src/console-app/deliveries/rows.ts';

const CHANNEL = '019f0000-0000-7000-8000-0000000000c1';
const CHAT = '019f0000-0000-7000-8000-0000000000aa';
const NOTHING = '00000000-0000-0000-0000-000000000000';

const channel: Receiver = {
  kind: 'channel',
  id: CHANNEL,
  name: 'Mail',
  log: `/api/v5/orgs/o/unified_messaging/${CHANNEL}`,
  url: 'https://example.com/hook',
  app: null,
  attempts: 4,
};
const elsewhere: Receiver = { ...channel, kind: 'elsewhere', id: 'i1', log: '/api/v5/orgs/o/apps/a/installations/i1' };
const delivery = { attempt_count: 2, status: 'pending', is_replay: false } as Delivery;

describe('the filter of the list of deliveries', () => {
  it('is what the address says, without what makes no sense', () => {
    const said = { status: 'exhausted', receiver: 'c1', thread: 12, from: '2026-11-30T05:00:00.000Z' };
    expect(filterOf(said)).toEqual({ ...said, thread: '12' });
    expect(filterOf({ status: 'lost', to: 'tomorrow', event: ['x'], other: '1' })).toEqual({});
    expect(changed({ status: 'exhausted', thread: 't' }, { status: '', event: 'added' })).toEqual({
      thread: 't',
      event: 'added',
    });
  });

  it('asks for the list of all, or for the log of an app at another organization', () => {
    expect(listPath('o', {}, null)).toBe('/api/v5/orgs/o/deliveries');
    const filter = { status: 'exhausted', thread: 'a b', chat: CHAT, from: '2026-11-30T05:00:00.000Z' } as const;
    expect(listPath('o', filter, channel)).toBe(
      `/api/v5/orgs/o/deliveries?status=exhausted&channel_id=${CHANNEL}&thread_id=a+b&chat_id=${CHAT}&created_at_after=2026-11-30T05%3A00%3A00.000Z`,
    );
    expect(listPath('o', {}, { ...channel, kind: 'app', id: CHAT })).toBe(
      `/api/v5/orgs/o/deliveries?installation_id=${CHAT}`,
    );
    expect(listPath('o', filter, elsewhere)).toBe(`${elsewhere.log}/deliveries?status=exhausted`);
  });

  it('asks for what nothing has where the address has no id', () => {
    const nonsense = { ...channel, id: 'nonsense' };
    expect(listPath('o', { chat: '%20' }, nonsense)).toBe(
      `/api/v5/orgs/o/deliveries?channel_id=${NOTHING}&chat_id=${NOTHING}`,
    );
  });
});

describe('a delivery in words', () => {
  it('has its event, its attempts and how the last one ended', () => {
    expect(eventOf({ event_type: 'message_created' } as Delivery)).toBe('New message');
    expect(eventOf({ event_type: 'added', channel: '/api/v5/orgs/o/owned_chats/c/messages' } as Delivery)).toBe(
      'Added messages',
    );
    expect(eventOf({ action: 'removed', channel: '/api/v5/users/u/chats' } as Delivery)).toBe('Removed chats');
    expect(attemptsOf(delivery, 4)).toBe('2/4');
    expect(attemptsOf({ ...delivery, is_replay: true }, 4)).toBe('2 attempts');
    expect(attemptsOf({ ...delivery, status: 'exhausted', attempt_count: 4 }, null)).toBe('4/4');
    expect(attemptsOf({ ...delivery, status: 'delivered', attempt_count: 1 }, 4)).toBe('');
    expect(attemptsOf({ ...delivery, attempt_count: 0 }, 4)).toBe('');
    expect(answerOf({ last_status: 503, last_error: null })).toBe('Status 503');
    expect(answerOf({ last_status: null, last_error: 'timeout' })).toBe('No complete answer in time');
    expect(answerOf({ last_status: null, last_error: 'url refused: private' })).toBe('url refused: private');
    expect(answerOf({ last_status: null, last_error: null })).toBe('');
    expect(resultOf({ ...delivery, last_status: 503, last_error: null })).toBe('Status 503');
    const skipped = { status: 'skipped', skip_reason: 'disabled', last_status: 503, last_error: null } as const;
    expect(resultOf({ ...delivery, ...skipped })).toBe('Its webhooks were switched off.');
  });

  it('belongs to a channel whose log stays, if its receiver is not listed', () => {
    expect(receiverWith([channel], 'o', CHANNEL)).toBe(channel);
    expect(receiverWith([channel], 'o', 'c2')).toMatchObject({
      kind: 'channel',
      log: '/api/v5/orgs/o/unified_messaging/c2',
    });
  });
});
