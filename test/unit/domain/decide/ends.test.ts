import { describe, expect, test } from 'vitest';
import type { Lifetime } from '../../../../src/resources/chat.ts';
import {
  ATTACHMENT,
  choice,
  end,
  FOREIGNER,
  head,
  incoming,
  join,
  open,
  PENDING,
  post,
  say,
  visitorsChat,
  waitingChat,
} from '../../../support/sample-commands.ts';
import { AGENT } from '../../../support/sample-events.ts';
import { IDENTITY, ORGANIZATION } from '../../../support/thread-model.ts';

const MINUTE = 60_000;
const overdue = () => ({ ...head(), type: 'end_overdue_chats' }) as const;
const invite = (chatId: string, kind: 'user' | 'team') =>
  ({ ...head(), type: 'invite', chat_id: chatId, actor: AGENT, invitee: { kind, id: kind, name: kind } }) as const;

describe('ending a chat', () => {
  test('ends its waiting and expires the invitations that are open', () => {
    const { model, chatId } = waitingChat();
    model.answer(join(chatId));
    const accepted = model.answer(invite(chatId, 'user')).invitation.id;
    const pending = model.answer(invite(chatId, 'team')).invitation.id;
    const by = { actor: FOREIGNER, is_present: true, invitation_id: accepted, stands_for: ['user'] };
    model.answer({ ...head(), type: 'accept_invitation', chat_id: chatId, ...by });
    expect(model.eventsOf(end(chatId))).toEqual(['invitation_expired', 'chat_ended']);
    const { facts, invitations } = model.chat(chatId);
    expect(facts).toMatchObject({ is_waiting: false, ended_at: model.state.last_at });
    expect(invitations.get(pending)?.facts).toMatchObject({ expired_at: model.state.last_at, accepted_at: null });
    expect(invitations.get(accepted)?.facts.expired_at).toBeNull();
  });

  test('changes nothing the second time, and the waiting of an ended chat cannot be ended', () => {
    const { model, chatId } = waitingChat();
    model.answer(end(chatId));
    expect(model.eventsOf(end(chatId))).toEqual([]);
    expect(model.refusal(end(chatId, { is_ended: false, is_waiting: false }))).toBe('waiting_of_ended_chat');
  });

  test('or its waiting needs a grant that covers the chat', () => {
    const { model, chatId } = waitingChat();
    expect(model.refusal(end(chatId, { grant: { kind: 'member', user_id: AGENT.id } }))).toBe('not_a_member');
    expect(model.refusal(end('elsewhere'))).toBe('chat_not_found');
    expect(model.eventsOf(end(chatId, { grant: PENDING, is_ended: false, is_waiting: false }))).toEqual([
      'waiting_ended',
    ]);
    expect(model.eventsOf(end(chatId, { is_ended: false, is_waiting: false }))).toEqual([]);
    expect(model.chat(chatId).facts.ended_at).toBeNull();
  });

  test('gives a retry the same answer, whatever happened in between', () => {
    const { model, chatId } = waitingChat();
    const stop = end(chatId, { is_ended: false, is_waiting: false });
    model.answer(stop);
    model.answer(incoming('again'));
    expect(model.eventsOf(stop)).toEqual([]);
    expect(model.chat(chatId).facts.is_waiting).toBe(true);
    model.answer(end(chatId));
    expect(model.refusal(stop)).toBeNull();
  });

  test('by the channel or an import expires invitations too', () => {
    const closed = waitingChat();
    closed.model.answer(join(closed.chatId));
    closed.model.answer(invite(closed.chatId, 'team'));
    const close = { ...head(), type: 'close_thread', identity: IDENTITY, organization_id: ORGANIZATION } as const;
    expect(closed.model.eventsOf(close)).toEqual(['invitation_expired', 'chat_ended']);
    const imported = waitingChat();
    imported.model.answer(join(imported.chatId));
    imported.model.answer(invite(imported.chatId, 'team'));
    const last = incoming('bye', { close_session: true });
    expect(imported.model.eventsOf(last)).toEqual(['msg', 'invitation_expired', 'chat_ended']);
  });
});

describe('a chat past its lifetime', () => {
  const living = (lifetime: Lifetime) => visitorsChat({ lifetime });

  test('ends when it has been idle for that time, counted from the last message or response', () => {
    const { model, chatId } = living({ idle: 10 * MINUTE, total: null });
    expect(model.answer(overdue(), 9 * MINUTE)).toEqual({ ended: 0 });
    const offer = { attachments: [ATTACHMENT], attachment_template: 'generic' as const };
    const { message } = model.answer(post(chatId, offer));
    expect(model.answer(overdue(), 9 * MINUTE)).toEqual({ ended: 0 });
    model.answer(say(model, chatId, choice(message)));
    expect(model.answer(overdue(), 9 * MINUTE)).toEqual({ ended: 0 });
    model.answer(join(chatId, { is_participating: false }));
    expect(model.answer(overdue(), 2 * MINUTE)).toEqual({ ended: 1 });
    expect(model.chat(chatId).facts.ended_at).toBe(model.state.last_at);
    expect(model.answer(overdue(), MINUTE)).toEqual({ ended: 0 });
  });

  test('ends when that time has passed since its start, whatever was written', () => {
    const { model, chatId } = living({ idle: null, total: 10 * MINUTE });
    model.answer(post(chatId), 9 * MINUTE);
    expect(model.answer(overdue(), 2 * MINUTE)).toEqual({ ended: 1 });
  });

  test('is ended once by a repeated command, and never without a lifetime', () => {
    const { model } = living({ idle: MINUTE, total: null });
    const command = overdue();
    expect(model.answer(command, 2 * MINUTE)).toEqual({ ended: 1 });
    model.answer(open({ lifetime: { idle: MINUTE, total: null } }));
    expect(model.answer(command, MINUTE / 2)).toEqual({ ended: 1 });
    expect(model.answer(overdue(), MINUTE)).toEqual({ ended: 1 });
    const endless = waitingChat();
    expect(endless.model.answer(overdue(), 1e12)).toEqual({ ended: 0 });
  });
});
