import { z } from '@hono/zod-openapi';
import { openIdentityDatabase, openOrganizationDatabase } from '../../db/database.ts';
import { findOrMakeBot } from '../../directory/interface-bots.ts';
import { findInterfaceChannel } from '../../directory/interface-channels.ts';
import { findOrganization } from '../../directory/organizations.ts';
import { readOwnToken } from '../../directory/own-tokens.ts';
import { hubKeysFor } from '../../directory/signing-keys.ts';
import { threadNameOfChat } from '../../domain/address.ts';
import { USER_MESSAGE_BODY } from '../../http/body-limits.ts';
import { type Refusal, refuse } from '../../http/refusals.ts';
import { bodyOf, jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { cacheTimeToLive } from '../../platform/isolate-cache.ts';
import { objectIdOf } from '../../resources/object-id.ts';
import { responderOf } from '../../responders/ask-responder.ts';
import { answerOfEndpoint, endpointAnswerSchema } from '../../responders/endpoint.ts';
import { signedUrl } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { refuseThread } from '../refuse-thread.ts';
import { storeAnswer } from './reply.ts';

const claimsSchema = z.object({
  org_id: z.string(),
  channel_id: z.string(),
  chat_id: z.string(),
  message_id: z.string(),
});

const GONE: Refusal = { reason: 'not_found' };

const post = defineRoute({
  operationId: 'postLateReply',
  tag: 'Threads',
  access: signedUrl,
  method: 'post',
  path: '/api/v1/replies/{token}',
  bodyLimit: USER_MESSAGE_BODY,
  summary: 'Answer a message later',
  description:
    'For a responder, at the `reply_url` of its question, within an hour: a reply, or a suggestion for people. A message takes one answer: the same one again is answered as the first time, another one is 409.',
  request: {
    params: z.object({ token: z.string().openapi({ param: { name: 'token', in: 'path' } }) }),
    body: bodyOf(endpointAnswerSchema.openapi('LateReply')),
  },
  refusals: [409],
  answers: {
    201: jsonOf(
      z
        .object({ id: z.string().nullable().openapi({ description: 'The message. Null for a suggestion.' }) })
        .openapi('LateReplyStored'),
      'It is stored, now or before',
    ),
  },
});

/** `POST /api/v1/replies/<token>` (an extension of the threads API). */
export const lateReplyRoutes = createRouter();

lateReplyRoutes.openapi(post, async (c) => {
  const { token } = c.req.valid('param');
  const { signing } = await hubKeysFor(c.env, c.var.cost, token);
  const claims = await readOwnToken(signing, 'late_reply', token, claimsSchema, Date.now());
  const thread = claims === null ? null : threadNameOfChat(claims.chat_id);
  if (claims === null || thread === null) return refuse(c, GONE);
  const identity = openIdentityDatabase(c.env, c.var.cost);
  const organization = await findOrganization(identity, claims.org_id);
  if (organization === null || organization.has_active_subscription === 0) return refuse(c, GONE);
  const database = openOrganizationDatabase(c.env, organization, c.var.cost);
  const channel = await findInterfaceChannel(database, claims.org_id, 'threads');
  const bot = channel?.id !== claims.channel_id ? null : await findOrMakeBot(identity, channel, cacheTimeToLive(c.env));
  // A responder that was taken away answers no more.
  if (channel === null || bot === null || responderOf(channel) === null) return refuse(c, GONE);
  const answer = answerOfEndpoint(c.req.valid('json'));
  if (answer.kind === 'nothing' || answer.kind === 'failed') return refuse(c, GONE);
  const stored = await storeAnswer(c.env, { ...claims, thread, bot, channel }, answer);
  if (!stored.ok) return refuseThread(c, stored.refusal);
  return c.json({ id: stored.message === null ? null : objectIdOf(stored.message.id) }, 201);
});
