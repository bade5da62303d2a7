import { numericId, sessionIdOf, shortMessageId } from '../../../resources/rpc-ids.ts';
import { uuidVersion7 } from '../../../resources/uuid.ts';
import { at, ids } from './shop.ts';

/** A session of a telephone thread: its id ends with two zero bits. */
const session = sessionIdOf(uuidVersion7(at('12:22:17.000'), { high12: 0xdda, low62: 0x38f41bac75f27f94n }));

const result = { messageid: shortMessageId(ids.answer), sessionid: session };

/** By the names of components. */
export const rpcExamples = {
  RpcCall: {
    method: 'message',
    params: { from: '9003', to: '234567668', content: 'Hello', orgid: numericId(17), sessionid: session },
  },
  RpcResult: { result },
  RpcAnswer: { result },
  RpcError: { error: { code: 404, message: 'Session not found.' } },
};
