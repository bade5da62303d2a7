import type { Invitation } from '../replica/known.ts';
import type { Replica } from '../replica/replica.ts';
import { call } from './call.ts';
import type { Outcome } from './chat-actions.ts';

/** Joins the chat of an invitation, and answers in it from then on. */
export async function acceptInvitation(replica: Replica, userId: string, { id }: Invitation): Promise<Outcome> {
  const path = `/api/v5/users/${userId}/incoming_chat_invitations/${id}`;
  const answer = await call<Invitation>(path, { method: 'PATCH', body: { is_accepted: true } });
  if (!answer.ok) return wordsOf('accepted', answer);
  replica.tellInvitation(answer.body);
  return null;
}

/** Says no. Only who was invited alone can. */
export async function declineInvitation(replica: Replica, userId: string, { id }: Invitation): Promise<Outcome> {
  const path = `/api/v5/users/${userId}/incoming_chat_invitations/${id}`;
  const answer = await call<Invitation>(path, { method: 'DELETE' });
  if (!answer.ok) return wordsOf('declined', answer);
  replica.tellInvitation(answer.body);
  return null;
}

function wordsOf(done: string, { status, detail }: { status: number; detail: string }): string {
  if (status === 409 && detail.includes('not present')) return 'You are away. Come back to take chats.';
  return `The invitation was not ${done}: ${detail}`;
}
