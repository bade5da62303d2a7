import { z } from 'zod';
import { allowsInsecureLoopback, type Destination } from '../delivery/attempt.ts';
import { signWebhook } from '../delivery/signature.ts';
import { guardWebhookUrl } from '../delivery/url-guard.ts';
import { textField } from '../http/fields.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../resources/message.ts';
import { readBoundedJson } from './bounded-json.ts';
import type { Question, ResponderAnswer } from './question.ts';

/** What an endpoint is asked about. */
const MESSAGE = 'message';

const text = textField({ max: CHANNEL_MESSAGE_CHARACTERS });

/** What an endpoint answers, at once or later: a reply, or a suggestion for people. */
export const endpointAnswerSchema = z.union([
  z.object({ body: text }),
  z.object({ suggestion: text, relevancy_score: z.number().min(0).max(1).nullish() }),
]);

/** An endpoint's answer as the hub takes it. */
export function answerOfEndpoint(answer: z.infer<typeof endpointAnswerSchema>): ResponderAnswer {
  if ('body' in answer) return { kind: 'reply', text: answer.body };
  return { kind: 'suggestion', text: answer.suggestion, relevancy_score: answer.relevancy_score ?? null };
}

/** Asks an endpoint: one POST, signed like a webhook, without redirects. 204 means that it has nothing to say. */
export async function askEndpoint(
  env: Pick<Env, 'ALLOW_INSECURE_WEBHOOKS'>,
  { url, secrets, own_origins }: Destination,
  question: Question,
  signal: AbortSignal,
): Promise<ResponderAnswer> {
  const guarded = guardWebhookUrl(url, {
    allowInsecureLoopback: allowsInsecureLoopback(env),
    ownOrigins: own_origins,
  });
  if (!guarded.ok) return { kind: 'failed', why: `url refused: ${guarded.reason}` };
  const body = JSON.stringify({ event: MESSAGE, ...question });
  const id = crypto.randomUUID();
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': await signWebhook({ secrets, id, timestamp, body }),
  };
  try {
    const answer = await fetch(guarded.url, { method: 'POST', body, headers, redirect: 'manual', signal });
    if (answer.status === 204) return { kind: 'nothing' };
    if (!answer.ok) return { kind: 'failed', why: `status ${answer.status}` };
    const parsed = endpointAnswerSchema.safeParse(await readBoundedJson(answer));
    return parsed.success ? answerOfEndpoint(parsed.data) : { kind: 'failed', why: 'not an answer' };
  } catch {
    return { kind: 'failed', why: signal.aborted ? 'timeout' : 'connection failed' };
  }
}
