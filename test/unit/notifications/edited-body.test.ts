import { describe, expect, it } from 'vitest';
import { resourceIdAt } from '../../../src/domain/address.ts';
import { withPresentText } from '../../../src/notifications/edited-body.ts';
import type { MessageFacts } from '../../../src/resources/message.ts';
import { shortMessageId } from '../../../src/resources/rpc-ids.ts';

const id = resourceIdAt('0123456789abcdef012', 1_700_000_000_000, 8);
const edited = { id, message: 'Tomorrow', encrypted_message: 'c2VjcmV0' } as MessageFacts;
const present = (body: object) => JSON.parse(withPresentText(JSON.stringify(body), edited));

describe('the body of a webhook with the present text of its message', () => {
  it('is made in the form of each interface', () => {
    expect(
      present({ event_type: 'message_created', message: { id: 'm', message: 'Today', is_edited: false }, seq: 8 }),
    ).toEqual({ event_type: 'message_created', message: { id: 'm', message: 'Tomorrow', is_edited: true }, seq: 8 });
    expect(present({ channel: '/c', resource: { message: 'Today', encrypted_message: 'b2xk' } })).toEqual({
      channel: '/c',
      resource: { message: 'Tomorrow', encrypted_message: 'c2VjcmV0', is_edited: true },
    });
    expect(present({ event_type: 'send_message', event_data: { id: 'm', body: 'Today' } })).toEqual({
      event_type: 'send_message',
      event_data: { id: 'm', body: 'Tomorrow' },
    });
    const rpc = (content: string) => ({
      method: 'message',
      params: { messageid: shortMessageId(id), content, type: 1 },
    });
    expect(present(rpc('Today'))).toEqual(rpc('Tomorrow'));
  });

  it('has the present ciphertext where a change tells nothing else', () => {
    expect(present({ action: 'changed', resource: { encrypted_message: 'b2xk' } })).toEqual({
      action: 'changed',
      resource: { encrypted_message: 'c2VjcmV0', is_edited: true },
    });
  });

  it('is the same text where it tells none', () => {
    const others = [
      { channel: '/c', resource: { delivery_status: 'failed' } },
      { method: 'message', params: { messageid: shortMessageId(id), content: '', type: 2, file: { id: 'f' } } },
      { method: 'message', params: { messageid: shortMessageId(id, 31), content: 'https://e.example/31', type: 1 } },
    ];
    for (const body of others) expect(withPresentText(JSON.stringify(body), edited)).toBe(JSON.stringify(body));
  });
});
