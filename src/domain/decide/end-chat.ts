import { isOpenInvitation } from '../../resources/invitation.ts';
import type { Draft } from './recorder.ts';

/** Ends an open chat: the invitations that nobody has accepted expire with it (seed 001, Chat invitations). */
export function endChat(draft: Draft, chatId: string): void {
  for (const { facts } of draft.chat(chatId).invitations.values()) {
    if (isOpenInvitation(facts)) draft.emit(chatId, { type: 'invitation_expired', invitation_id: facts.id });
  }
  draft.emit(chatId, { type: 'chat_ended' });
}
