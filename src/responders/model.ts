import { z } from 'zod';
import { allowsInsecureLoopback } from '../delivery/attempt.ts';
import { guardWebhookUrl } from '../delivery/url-guard.ts';
import { errorText } from '../platform/log.ts';
import { cutText } from '../resources/characters.ts';
import type { Responder } from '../resources/interface.ts';
import { CHANNEL_MESSAGE_CHARACTERS } from '../resources/message.ts';
import { readBoundedJson } from './bounded-json.ts';
import type { AskedMessage, Question, ResponderAnswer } from './question.ts';

/** What models are told before the conversation. */
const INSTRUCTIONS =
  'You answer messages of customers. Write the next reply of the support agent: short, friendly, in the language of the customer. Answer with the text of the reply alone.';

const completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
});
const run = z.object({ response: z.string() });

/** Asks a model: one of Workers AI through its binding, or any endpoint that speaks OpenAI's chat completions. */
export async function askModel(
  env: Env,
  { type, url, model, mode }: Responder,
  key: string | null,
  ownOrigins: readonly string[],
  question: Question,
  signal: AbortSignal,
): Promise<ResponderAnswer> {
  const messages = promptOf(question);
  const found =
    type === 'workers_ai'
      ? await askWorkersAi(env, model ?? '', messages, signal)
      : await askCompletions(env, url ?? '', { model, messages }, key, ownOrigins, signal);
  if (typeof found !== 'string') return found;
  // What no database can store unchanged.
  const storable = found.toWellFormed().replaceAll('\0', '');
  const text = cutText(storable.trim(), CHANNEL_MESSAGE_CHARACTERS);
  if (text === '') return { kind: 'nothing' };
  return mode === 'reply' ? { kind: 'reply', text } : { kind: 'suggestion', text, relevancy_score: null };
}

type Prompt = { role: 'system' | 'user' | 'assistant'; content: string };

function promptOf({ history, message }: Question): Prompt[] {
  return [
    { role: 'system', content: INSTRUCTIONS },
    ...[...history, message].map(({ is_customer_support_agent, body, attachments }): Prompt => {
      const content = body === '' ? namesOf(attachments) : body;
      return { role: is_customer_support_agent ? 'assistant' : 'user', content };
    }),
  ];
}

/** A model reads no files: what it gets of them are their names. */
function namesOf(attachments: AskedMessage['attachments'] = []): string {
  return attachments.map(({ title }) => `[${title ?? 'file'}]`).join(' ');
}

async function askCompletions(
  env: Pick<Env, 'ALLOW_INSECURE_WEBHOOKS' | 'PUBLIC_ORIGIN'>,
  base: string,
  body: { model: string | null; messages: Prompt[] },
  key: string | null,
  ownOrigins: readonly string[],
  signal: AbortSignal,
): Promise<string | ResponderAnswer> {
  const guarded = guardWebhookUrl(completionsUrl(base), {
    allowInsecureLoopback: allowsInsecureLoopback(env),
    ownOrigins: [env.PUBLIC_ORIGIN, ...ownOrigins],
  });
  if (!guarded.ok) return { kind: 'failed', why: `url refused: ${guarded.reason}` };
  const headers = {
    'content-type': 'application/json',
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  };
  try {
    const request = { method: 'POST', body: JSON.stringify(body), headers, redirect: 'manual', signal } as const;
    const answer = await fetch(guarded.url, request);
    if (!answer.ok) return { kind: 'failed', why: `status ${answer.status}` };
    const parsed = completion.safeParse(await readBoundedJson(answer));
    return parsed.data?.choices[0]?.message.content ?? { kind: 'failed', why: 'not a completion' };
  } catch {
    return { kind: 'failed', why: signal.aborted ? 'timeout' : 'connection failed' };
  }
}

/** Services name the address of their API; the completions are below it. */
function completionsUrl(base: string): string {
  if (!URL.canParse(base)) return base;
  const url = new URL(base);
  if (!url.pathname.endsWith('/chat/completions')) {
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/chat/completions`;
  }
  return url.href;
}

async function askWorkersAi(
  { AI: ai }: Env,
  model: string,
  messages: Prompt[],
  signal: AbortSignal,
): Promise<string | ResponderAnswer> {
  if (ai === undefined) return { kind: 'failed', why: 'the deployment has no binding AI' };
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('timeout')));
  });
  try {
    const parsed = run.safeParse(await Promise.race([ai.run(model, { messages }), aborted]));
    return parsed.data?.response ?? { kind: 'failed', why: 'not an answer of a text model' };
  } catch (error) {
    return { kind: 'failed', why: errorText(error) };
  }
}
