import { describe, expect, test } from 'vitest';
import { grantRefusal, textsSince } from '../../../../src/domain/grants.ts';
import type { ChatGrant, RoomSet } from '../../../../src/resources/chat-grant.ts';
import { end, FOREIGNER, join, PENDING, ROUTED, visitorsChat, waitingChat } from '../../../support/sample-commands.ts';
import { AGENT, VISITOR } from '../../../support/sample-events.ts';
import { ORGANIZATION, ROOM } from '../../../support/thread-model.ts';

const reach = (organization_id: string | null, room_ids: string[]): ChatGrant => {
  return { kind: 'reach', reach: { organization_id, room_ids }, is_pending: false };
};

describe('a grant', () => {
  const { model, chatId } = visitorsChat();
  const refusal = (grant: ChatGrant) => grantRefusal(model.chat(chatId), grant)?.reason ?? null;

  test('of a member covers the chats of which they are a member', () => {
    expect(refusal({ kind: 'member', user_id: AGENT.id })).toBeNull();
    expect(refusal({ kind: 'member', user_id: FOREIGNER.id })).toBe('not_a_member');
    expect(refusal({ kind: 'member', user_id: VISITOR })).toBe('not_a_member');
  });

  test('of an involved organization covers the chats that have one of its users as a member', () => {
    expect(refusal({ kind: 'involved', organization_id: ORGANIZATION })).toBeNull();
    expect(refusal({ kind: 'involved', organization_id: FOREIGNER.organization_id })).toBe('chat_not_found');
  });

  test('of an organization that is involved by who takes part shows the texts since then, or all of its own rooms', () => {
    const shared = visitorsChat();
    shared.model.answer(join(shared.chatId, { actor: FOREIGNER, is_participating: false }));
    const chat = () => shared.model.chat(shared.chatId);
    const { organization_id } = FOREIGNER;
    const nowhere = { organization_id, room_ids: [] };
    const involved = (rooms: RoomSet): ChatGrant => ({ kind: 'involved', organization_id, reach: rooms });
    const here = { organization_id, room_ids: [ROOM.id] };
    const needed = { reason: 'rooms_needed' };
    expect(grantRefusal(chat(), { kind: 'involved', organization_id })).toEqual(needed);
    expect(grantRefusal(chat(), involved(nowhere))).toEqual({ reason: 'chat_not_found' });
    expect([grantRefusal(chat(), involved(here)), textsSince(chat(), involved(here))]).toEqual([null, null]);
    shared.model.answer(join(shared.chatId, { actor: FOREIGNER, is_participating: true }));
    expect(grantRefusal(chat(), { kind: 'involved', organization_id })).toEqual(needed);
    const since = chat().members.get(FOREIGNER.id)?.facts.created_at;
    expect([grantRefusal(chat(), involved(nowhere)), textsSince(chat(), involved(nowhere))]).toEqual([null, since]);
    expect(since).toBeGreaterThan(chat().facts.created_at);
    expect(textsSince(chat(), involved(here))).toBeNull();
    expect(textsSince(chat(), { kind: 'involved', organization_id: ORGANIZATION })).toBeNull();
  });

  test('of a set of rooms covers single rooms, or all rooms of an organization', () => {
    expect(refusal(ROUTED)).toBeNull();
    expect(refusal(reach(null, [ROOM.id]))).toBeNull();
    expect(refusal(reach(FOREIGNER.organization_id, [ROOM.id]))).toBeNull();
    expect(refusal(reach(FOREIGNER.organization_id, ['another']))).toBe('not_routed');
    expect(refusal(reach(null, []))).toBe('not_routed');
  });

  test('of a visitor covers their chats in the room', () => {
    expect(refusal({ kind: 'visitor', room_id: ROOM.id, visitor_id: VISITOR })).toBeNull();
    expect(refusal({ kind: 'visitor', room_id: 'another', visitor_id: VISITOR })).toBe('chat_not_found');
    expect(refusal({ kind: 'visitor', room_id: ROOM.id, visitor_id: 'f'.repeat(32) })).toBe('chat_not_found');
  });

  test('of pending chats covers them while they are pending', () => {
    const waiting = waitingChat();
    const pending = () => grantRefusal(waiting.model.chat(waiting.chatId), PENDING)?.reason ?? null;
    expect(pending()).toBeNull();
    waiting.model.answer(join(waiting.chatId, { is_present: false }));
    expect(pending()).toBeNull();
    waiting.model.answer(join(waiting.chatId, { actor: FOREIGNER }));
    expect(pending()).toBe('not_pending');
    waiting.model.answer(end(waiting.chatId));
    expect(pending()).toBe('not_pending');
    const elsewhere: ChatGrant = { kind: 'reach', reach: { organization_id: null, room_ids: [] }, is_pending: true };
    expect(grantRefusal(waiting.model.chat(waiting.chatId), elsewhere)?.reason).toBe('not_routed');
  });
});
