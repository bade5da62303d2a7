import { z } from '@hono/zod-openapi';
import type { AppContext } from '../../http/app-environment.ts';
import { CHANNEL_MESSAGES_BODY } from '../../http/body-limits.ts';
import { refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { fieldErrors } from '../../http/validation-errors.ts';
import { rpcProgram, storing, withGuards } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { findCachedInterface } from '../interface-channel.ts';
import { rpcErrorSchema } from '../interface-errors.ts';
import { refuseThread } from '../refuse-thread.ts';
import { receiveCall } from './call.ts';
import { type RpcChannel, receiveMessage } from './message.ts';
import { noteDeleted, noteDelivered, noteRead, noteUpdated } from './message-state.ts';
import { getChatUsers, noteTyping } from './methods.ts';
import { NO_SETTINGS, refusalOfOrganization } from './organization.ts';
import type { Outcome } from './outcome.ts';
import { kindOfCall, METHOD_NAMES, type MethodName, PARAMS, type ParamsOf } from './params.ts';
import { takeUpload } from './upload.ts';

const callSchema = z
  .object({
    method: z.enum(METHOD_NAMES),
    params: z.record(z.string(), z.unknown()).default({}).openapi({
      description: 'Those of the method (docs/rpc.md). Unknown ones are ignored.',
    }),
  })
  .openapi('RpcCall');

const resultSchema = z
  .object({
    result: z.union([
      z.object({ messageid: z.string().nullable().optional(), sessionid: z.string().nullable().optional() }),
      z.array(z.object({ phone: z.string().nullable(), name: z.string(), id: z.string(), state: z.int() })),
    ]),
  })
  .openapi('RpcResult');

const call = defineRoute({
  operationId: 'callRpc',
  tag: 'Interfaces',
  // A form is no JSON: it is taken before the body is read.
  access: withGuards(storing(rpcProgram), takeUpload),
  method: 'post',
  path: '/api',
  bodyLimit: CHANNEL_MESSAGES_BODY,
  idempotency: 'command',
  summary: 'Call a method of JSON-RPC message sync',
  description:
    'Messages between users and contacts outside, in either direction, for telephone systems and text message gateways (docs/rpc.md). What a method refuses is answered with 200 and an `error`, whose `code` is the status that it has elsewhere. A key, a rate, a size and an accident have their own statuses. A form (`multipart/form-data`) with `orgid`, `from`, `to` and `file` uploads a file of at most 26,214,400 bytes as a message; the same file with the same `timestamp` or `Idempotency-Key` is the same message.',
  request: { body: bodyOf(callSchema) },
  answers: {
    200: jsonOf(
      z.union([resultSchema, rpcErrorSchema]).openapi('RpcAnswer'),
      'The result, or why the method is refused',
    ),
  },
});

/** `POST /api` (JSON-RPC message sync, seed 002). */
export const rpcRoutes = createRouter();

rpcRoutes.openapi(call, async (c) => {
  const { method, params } = c.req.valid('json');
  const kind = kindOfCall(method, params);
  const parsed = PARAMS[kind].safeParse(params);
  if (!parsed.success) return refuse(c, { reason: 'invalid', fields: fieldErrors(parsed.error.issues, params) });
  const foreign = await refusalOfOrganization(c, parsed.data);
  if (foreign !== null) return refuse(c, foreign);
  const found = await findCachedInterface(c, 'rpc');
  if (found === null) return refuse(c, NO_SETTINGS);
  const outcome = await METHODS[kind](c, found, parsed.data as never);
  if (outcome.ok) return c.json({ result: outcome.result as z.infer<typeof resultSchema>['result'] }, 200);
  return 'thread' in outcome ? refuseThread(c, outcome.thread) : refuse(c, outcome.refusal);
});

const METHODS: {
  readonly [Method in MethodName]: (c: AppContext, channel: RpcChannel, params: ParamsOf<Method>) => Promise<Outcome>;
} = {
  getChatUsers: (c) => getChatUsers(c),
  message: receiveMessage,
  call: receiveCall,
  delivered: noteDelivered,
  read: noteRead,
  updated: noteUpdated,
  deleted: noteDeleted,
  typing: noteTyping,
};
