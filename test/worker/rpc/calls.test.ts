import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { ask, type Json } from '../../support/worker/organization.ts';
import { admin } from '../../support/worker/requests.ts';
import { CONTACT, TelephoneSystem, WebhookTap } from '../../support/worker/rpc.ts';

/** The record in the published text. */
const RECORD = {
  activity_type: 'outbound',
  call_duration: 105,
  caller_number: '9009',
  called_number: '380820432435',
  call_subject: 'Brieff Utterances',
  call_summary: 'The conversation consists of brief, repetitive utterances.',
  call_transcription: '17191774976125638450-1759295823160-e4984da8007a55ac96.json',
};
const SHOWN = {
  direction: 'outbound',
  caller: '9009',
  called: '380820432435',
  duration: 105,
  subject: RECORD.call_subject,
  summary: RECORD.call_summary,
  transcription: RECORD.call_transcription,
};

let system: TelephoneSystem;
let tap: WebhookTap | null = null;

beforeAll(async () => {
  system = await TelephoneSystem.open();
});
afterEach(() => {
  tap?.close();
  tap = null;
});

async function session(contact = CONTACT): Promise<string> {
  return String((await system.done('message', { from: contact, to: '9004' }))['sessionid']);
}
const calls = (sessionid: unknown): Promise<Json[]> => system.messages(sessionid, '?type__in=call_ended');

describe('the record of a call', () => {
  it('is a message of its own type, which counts in no number and wakes nobody', async () => {
    tap = new WebhookTap();
    const sessionid = await session();
    const chat = async () => {
      const { is_waiting, user_message_count, visitor_message_count } = await system.org.chat(system.chatOf(sessionid));
      return { is_waiting, user_message_count, visitor_message_count };
    };
    const before = await chat();
    const made = await system.done('message', { sessionid, content: RECORD, type: 8 });
    expect(made).toEqual({ messageid: expect.stringMatching(/^\d{13}-[0-9a-f]{18}$/) });
    expect(await calls(sessionid)).toMatchObject([
      { type: 'call_ended', message: null, sender_type: 'user', sender_id: system.second.user_id, call: SHOWN },
    ]);
    await system.done('message', { sessionid, content: { ...RECORD, activity_type: 'inbound' }, type: 8 });
    expect(await calls(sessionid)).toMatchObject([{}, { sender_type: 'visitor', call: { direction: 'inbound' } }]);
    expect(await chat()).toEqual(before);
    expect(tap.told).toEqual([]);
  });

  it('has either names, and takes the sides from its numbers', async () => {
    const content = {
      duration: 7.4,
      caller: CONTACT,
      called: '9003',
      subject: 'Order',
      comment: 'Asked',
      transcription: 'x',
    };
    const timestamp = Date.now() - 60_000;
    const made = await system.done('message', { content, type: 8, timestamp });
    expect(await system.done('message', { content, type: 8, timestamp })).toEqual(made);
    expect(await calls(made['sessionid'])).toMatchObject([
      {
        sender_type: 'visitor',
        created_at: new Date(timestamp).toISOString(),
        call: {
          direction: 'inbound',
          duration: 7,
          caller: CONTACT,
          called: '9003',
          summary: 'Asked',
          subject: 'Order',
        },
      },
    ]);
    const out = await system.done('message', { content: { caller: '9003', called: CONTACT }, type: 8 });
    expect(await calls(out['sessionid'])).toMatchObject([
      {},
      { sender_id: system.first.user_id, call: { direction: 'outbound', duration: null } },
    ]);
  });

  it.each([
    ['no content', {}, 400],
    ['a text as content', { content: 'Hello' }, 400],
    ['no caller', { content: { called: '9003' } }, 400],
    ['a duration below zero', { content: { caller: '1', called: '9003', duration: -1 } }, 400],
    ['an unknown direction', { content: { caller: '1', called: '9003', activity_type: 'sideways' } }, 400],
    ['strangers', { content: { caller: '1', called: '2' } }, 404],
    ['an unknown session', { content: RECORD, sessionid: '1738273559644-acb978e33dd4646786' }, 404],
  ])('is refused with %s', async (_, params, code) => {
    expect((await system.refusal('message', { ...params, type: 8 })).code).toBe(code);
  });

  it('is gone after its gateway has deleted it', async () => {
    const sessionid = await session('778');
    const { messageid } = await system.done('message', { sessionid, content: RECORD, type: 8 });
    await system.done('deleted', { messageid });
    const [message] = await calls(sessionid);
    expect(message).toMatchObject({ type: 'call_ended', deleted_at: expect.any(String) });
    expect(message).not.toHaveProperty('call');
  });

  it('is gone after a purge', async () => {
    const sessionid = await session('777');
    await system.done('message', { sessionid, content: RECORD, type: 8 });
    const chat = system.chatOf(sessionid);
    const purge = `/organizations/${system.org.organizationId}/owned_chats/${chat}/purge`;
    await eventually(async () => {
      expect((await admin(purge, { method: 'POST', body: {} })).status).toBe(202);
    });
    await eventually(async () => {
      const [message] = await calls(sessionid);
      expect(message).toMatchObject({ type: 'call_ended', sensitive_data_purged_at: expect.any(String) });
      expect(message).not.toHaveProperty('call');
    });
    const shown = await ask(system.second, 'GET', `/users/${system.second.user_id}/chats/${chat}/messages`);
    expect(shown.text).not.toContain(RECORD.call_summary);
  });
});
