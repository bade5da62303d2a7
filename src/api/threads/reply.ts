/** Asks the responder of the threads API for a reply, and stores its answer. */

import { waitUntil } from 'cloudflare:workers';
import { createHash } from 'node:crypto';
import { noCost } from '../../db/cost.ts';
import type { ChannelRow } from '../../db/rows.ts';
import { signOwnToken } from '../../directory/own-tokens.ts';
import { cachedHubKeys } from '../../directory/signing-keys.ts';
import type { CommandHeader } from '../../domain/commands.ts';
import type { ThreadRefusal } from '../../domain/refusals.ts';
import type { AppContext } from '../../http/app-environment.ts';
import { publicOrigin } from '../../http/collection.ts';
import { errorText, writeLog } from '../../platform/log.ts';
import { withinTime } from '../../platform/timeout.ts';
import type { MessageFacts } from '../../resources/message.ts';
import type { UserFacts } from '../../resources/user.ts';
import { askResponder, responderOf } from '../../responders/ask-responder.ts';
import type { Question, ResponderAnswer } from '../../responders/question.ts';
import { readThread } from '../../rpc/thread.ts';
import { executeCommand } from '../execute-command.ts';
import { messageInThread, type ReplyStatus, shownWithUrls } from './schemas.ts';

/** How long the caller waits for a reply (ms). */
const CALLER_WAITS = 10_000;
/** How long the responder is waited for (ms). The platform gives a Worker 30 s after its answer. */
const RESPONDER_WAITS = 35_000;
/** Messages before the asked one that the responder gets. */
const HISTORY = 20;
/** Messages after a repeated one that are searched for its reply. */
const REPLY_WITHIN = 50;

/** A stored message for which a reply is wanted. */
export type Asked = {
  /** The name of the thread's object. */
  thread: string;
  chat_id: string;
  message_id: string;
  seq: number;
  stored: { body: string; thread_fid: string; is_customer_support_agent: boolean };
  bot: UserFacts;
  channel: ChannelRow;
  /** The request was answered before. */
  isRepeat: boolean;
};

/** The reply, which is stored, or why there is none yet. */
export async function askForReply(c: AppContext, asked: Asked): Promise<MessageFacts | ReplyStatus> {
  const responder = responderOf(asked.channel);
  if (asked.isRepeat) return (await replyTo(c, asked)) ?? (responder === null ? 'none' : 'late');
  if (responder === null) return 'none';
  const { env } = c;
  const ask = async () => {
    const question = await questionOf(c, asked, responder.type === 'http');
    return await takeAnswer(env, asked, await askResponder(env, asked.channel, responder, question, RESPONDER_WAITS));
  };
  // The message is stored: nothing that goes wrong from here on may make the caller send it again.
  const settled = ask().catch((error: unknown): ReplyStatus => {
    writeLog('error', 'responder_failed', { channel_id: asked.channel.id, error: errorText(error) });
    return 'failed';
  });
  waitUntil(settled);
  return (await withinTime(settled, CALLER_WAITS)) ?? 'late';
}

/** The reply to a message that was answered before; null for none. */
async function replyTo(c: AppContext, { thread, bot, seq, message_id }: Asked): Promise<MessageFacts | null> {
  const page = { organization_id: c.var.organization.id, before: seq + REPLY_WITHIN, limit: REPLY_WITHIN };
  const read = await readThread(c.env, c.var.cost, thread, (stub) => stub.readLog({ v: 1, ...page }));
  if (!read.ok) return null;
  const after = read.answer.messages.filter(({ message }) => message.id > message_id).reverse();
  const next = after.findIndex(({ message }) => message.sender_type === 'visitor');
  const before = next === -1 ? after : after.slice(0, next);
  return before.find(({ message }) => message.sender_id === bot.id)?.message ?? null;
}

/** `hasUrls`: with the URLs of files. A model can do nothing with them. */
async function questionOf(c: AppContext, asked: Asked, hasUrls: boolean): Promise<Question> {
  const { thread, stored, seq } = asked;
  const page = { organization_id: c.var.organization.id, before: seq, limit: HISTORY };
  const [read, token] = await Promise.all([
    readThread(c.env, c.var.cost, thread, (stub) => stub.readLog({ v: 1, ...page })),
    replyToken(c, asked),
  ]);
  const earlier = (read.ok ? read.answer.messages : []).map((each) => messageInThread(each, stored.thread_fid));
  return {
    thread_fid: stored.thread_fid,
    message: stored,
    history: (hasUrls ? await Promise.all(earlier.map((each) => shownWithUrls(c, each))) : earlier).reverse(),
    reply_url: `${publicOrigin(c)}/api/v1/replies/${token}`,
  };
}

async function replyToken(c: AppContext, { chat_id, message_id, channel }: Asked): Promise<string> {
  const { signing } = await cachedHubKeys(c.env, c.var.cost);
  const claims = { org_id: c.var.organization.id, channel_id: channel.id, chat_id, message_id };
  return signOwnToken(signing, 'late_reply', claims, Date.now());
}

/** What is done with an answer. */
export type Answered = Pick<Asked, 'thread' | 'chat_id' | 'message_id' | 'bot'> & {
  channel: Pick<ChannelRow, 'id' | 'organization_id'>;
};

/** Stores what a responder has answered. The status when that is no message. */
export async function takeAnswer(
  env: Env,
  asked: Answered,
  answer: ResponderAnswer,
): Promise<MessageFacts | ReplyStatus> {
  if (answer.kind === 'nothing') return 'none';
  if (answer.kind === 'failed') {
    writeLog('warn', 'responder_failed', { channel_id: asked.channel.id, error: answer.why });
    return 'failed';
  }
  const stored = await storeAnswer(env, asked, answer);
  if (stored.ok) return stored.message ?? 'suggested';
  writeLog('warn', 'responder_failed', { channel_id: asked.channel.id, error: stored.refusal.reason });
  return 'failed';
}

type Stored = { ok: true; message: MessageFacts | null } | { ok: false; refusal: ThreadRefusal };

/**
 * Stores an answer once for each message, as the bot's: a message, or a suggestion (`message` null). The same answer again
 * does nothing; another one is refused (`key_reused`).
 */
export async function storeAnswer(
  env: Env,
  { thread, chat_id, message_id, bot: actor, channel }: Answered,
  answer: Extract<ResponderAnswer, { kind: 'reply' | 'suggestion' }>,
): Promise<Stored> {
  const reach = { organization_id: channel.organization_id, room_ids: [] };
  const grant = { kind: 'reach' as const, reach, is_pending: false };
  const keyed: CommandHeader = { v: 1, command_id: digestOf(message_id).slice(0, 24), keyed_request: digestOf(answer) };
  const cost = noCost();
  if (answer.kind === 'suggestion') {
    const { text: suggestion, relevancy_score } = answer;
    const content = { chat_id, message_id, grant, actor, suggestion, relevancy_score };
    const added = await executeCommand(env, cost, thread, { ...keyed, type: 'add_reply_suggestion', ...content });
    return added.ok ? { ok: true, message: null } : added;
  }
  const joined = await executeCommand(env, cost, thread, {
    v: 1,
    command_id: digestOf(['join', message_id]).slice(0, 24),
    type: 'join_chat',
    chat_id,
    grant,
    actor,
    is_present: true,
    must_be_present: false,
    is_kept_out: false,
    is_participating: true,
    composing_status: 'idle',
  });
  if (!joined.ok) return joined;
  const posted = await executeCommand(env, cost, thread, {
    ...keyed,
    type: 'post_message',
    chat_id,
    actor,
    message: answer.text,
    selected_reply_suggestion_id: null,
    attachments: [],
    attachment_template: null,
  });
  return posted.ok ? { ok: true, message: posted.answer.message } : posted;
}

function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(['reply', value]))
    .digest('base64url');
}
