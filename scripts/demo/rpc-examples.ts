/** The examples of the text “Sync messages and files” (JSON-RPC). */
import { atLeast, listWith, named, some, uuid } from './expectation.ts';
import type { Example, Sent, Text } from './replay.ts';

const CONTACT = '234567668';

type Params = { readonly [key: string]: Sent };

/** A call of the method `message`, which every example of the text is. */
function message(what: string, params: Params, result: Extract<Example, { call: string }>['answer'] & object): Example {
  return {
    what,
    call: 'POST /api',
    as: 'RPC_KEY',
    body: { method: 'message', params: { orgid: '{ORGID}', ...params } },
    status: 200,
    answer: { result },
  };
}

function preparation(example: Example): Example {
  return { ...example, isPreparation: true };
}

/** What a user says to the contact of the text. */
const hello = { from: '9003', to: CONTACT, content: 'Hello' };

export const rpcText: Text = {
  name: '002 JSON-RPC',
  examples: [
    preparation(
      message('a session of the user 9003', { from: CONTACT, to: '9003' }, { sessionid: named('rpc_id', 'SESSION') }),
    ),
    message(
      'a message with the sessionid of an existing session',
      { ...hello, sessionid: '{SESSION}' },
      { messageid: some('rpc_id') },
    ),
    preparation({
      what: 'the chat of the session',
      call: 'GET /api/v5/users/{AGENT}/chats?is_participating=true',
      as: 'AGENT_TOKEN',
      status: 200,
      answer: atLeast({ results: listWith(atLeast({ id: uuid('CHAT'), chat_type: 'external', is_ended: false })) }),
    }),
    preparation({
      what: 'the session is closed',
      call: 'PATCH /api/v5/users/{AGENT}/chats/{CHAT}',
      as: 'AGENT_TOKEN',
      body: { is_ended: true },
      status: 200,
    }),
    message(
      'a message to a closed session, which returns a new sessionid',
      { ...hello, sessionid: '{SESSION}' },
      { messageid: some('rpc_id'), sessionid: named('rpc_id', 'NEXT_SESSION') },
    ),
    message(
      'a session of another user, without content and sessionid',
      { from: CONTACT, to: '9004' },
      { sessionid: named('rpc_id', 'OTHER_SESSION') },
    ),
    message(
      'the same by the number for text messages of the user',
      { from: CONTACT, to: '442079460004' },
      { sessionid: named('rpc_id', 'OTHER_SESSION') },
    ),
    message(
      'a message in the session of the other user',
      { ...hello, sessionid: '{OTHER_SESSION}' },
      { messageid: some('rpc_id') },
    ),
    preparation({
      what: 'a file is sent',
      call: 'POST /api',
      as: 'RPC_KEY',
      form: { orgid: '{ORGID}', from: '9003', to: CONTACT },
      status: 200,
      answer: { result: { messageid: named('rpc_id', 'FILE_MESSAGE'), sessionid: named('rpc_id', 'NEXT_SESSION') } },
    }),
    message(
      'messageid instead of content, for a file',
      { from: '9003', to: CONTACT, messageid: '{FILE_MESSAGE}', sessionid: '{OTHER_SESSION}' },
      { messageid: some('rpc_id') },
    ),
    message(
      'the record of an outbound call',
      {
        sessionid: '{OTHER_SESSION}',
        content: {
          activity_type: 'outbound',
          call_duration: 105,
          caller_number: '9009',
          called_number: '380820432435',
          call_subject: 'Brief utterances',
          call_summary: 'Both speakers say little, and mostly that they do not know.',
          call_transcription: '17191774976125638450-1759295823160-e4984da8007a55ac96.json',
        },
        type: 8,
      },
      { messageid: some('rpc_id') },
    ),
  ],
};
