import { uuidVersion7 } from '../../../src/resources/uuid.ts';
import { type ContractOrganization, invite, join, must, newChat, type Request } from './contract-organization.ts';
import { unique } from './organization.ts';
import type { Person } from './requests.ts';

export type Operation = { method: string; path: string; statuses: Record<string, string[]> };

/**
 * An operation with everything that its path names, ready to succeed. A line of the contract changes the part that it
 * describes.
 */
export type ContractCase = {
  operation: Operation;
  org: ContractOrganization;
  caller: Person;
  chatId: string;
  messageId: string;
  parameters: Record<string, string>;
  body: unknown;
};

/** A well-formed id that names nothing. */
export const NOTHING = uuidVersion7(1, { high12: 7, low62: 7n });

const has = (operation: Operation, part: string) => operation.path.includes(part);

/** Whether the caller must be a member of the chat that the path names. */
function needsMembership(operation: Operation): boolean {
  if (operation.method === 'POST' && operation.path.endsWith('involved_chats/<chat_id>/memberships')) return false;
  return has(operation, '/users/<user_id>/chats/<chat_id>') || has(operation, '/chat_memberships/<chat_id>');
}

export async function openCase(org: ContractOrganization, operation: Operation): Promise<ContractCase> {
  const caller = has(operation, '/orgs/') ? org.reporter : org.agent;
  const { chatId, messageId, visitorId } = await newChat(org);
  const isIncoming = has(operation, '/incoming_chat_invitations');
  if (needsMembership(operation) && !isIncoming) await join(caller, chatId);
  if (has(operation, 'involved_chats')) await join(org.agent, chatId);
  const parameters: Record<string, string> = {
    organization_id: org.organizationId,
    user_id: caller.user_id,
    room_id: org.roomId,
    visitor_id: visitorId,
    chat_id: chatId,
    message_id: messageId,
    tag_name: 'Lead',
    language_code: 'fi',
    ...(await extras(org, operation, caller, chatId, messageId)),
  };
  const body = bodyOf(org, operation, parameters);
  return { operation, org, caller, chatId, messageId, parameters, body };
}

/** The resources in the path other than the chat. */
async function extras(
  org: ContractOrganization,
  operation: Operation,
  caller: Person,
  chatId: string,
  messageId: string,
): Promise<Record<string, string>> {
  if (has(operation, '<tag_name>')) {
    const name = `Premium / ${unique('customer')}`;
    const path = `/api/v5/orgs/${org.organizationId}/owned_chats/${chatId}/tags`;
    await must(201, { method: 'POST', path, person: org.reporter, body: { name } });
    return { tag_name: name };
  }
  if (has(operation, '<language_code>')) {
    const language_code = unique('en').replace('en-', 'en-t');
    const path = `/api/v5/users/${caller.user_id}/chat_conversation_starters`;
    await must(201, { method: 'POST', path, person: caller, body: { language_code, message: 'May I help?' } });
    return { language_code };
  }
  if (has(operation, '<reply_suggestion_id>')) {
    const path = `/api/v5/users/${caller.user_id}/routed_chats/${chatId}/messages/${messageId}/reply_suggestions`;
    const answer = await must(201, { method: 'POST', path, person: caller, body: { suggestion: 'It was shipped.' } });
    return { reply_suggestion_id: String(answer.json['id']) };
  }
  if (has(operation, 'outgoing_chat_invitations/<invitation_id>')) {
    return { invitation_id: await invite(caller, chatId, org.colleague) };
  }
  if (has(operation, 'incoming_chat_invitations/<invitation_id>')) {
    await join(org.colleague, chatId);
    return { invitation_id: await invite(org.colleague, chatId, caller) };
  }
  return {};
}

/** A valid body. */
function bodyOf(org: ContractOrganization, operation: Operation, parameters: Record<string, string>): unknown {
  const { method, path } = operation;
  if (method === 'GET' || method === 'DELETE') return undefined;
  if (path.endsWith('/chats')) return undefined;
  if (path.includes('chat_memberships')) return { is_participating: true, composing_status: 'typing' };
  if (path.endsWith('/memberships')) {
    const joining = { is_participating: true, composing_status: 'idle' };
    return path.includes('/orgs/') ? { ...joining, member_id: org.colleague.user_id } : joining;
  }
  if (path.endsWith('/messages')) return { message: 'It is on its way.' };
  if (path.endsWith('/tags')) return { name: 'Lead' };
  if (path.endsWith('/outgoing_chat_invitations')) return { invited_user_id: org.colleague.user_id };
  if (path.includes('/outgoing_chat_invitations/')) return { is_expired: true };
  if (path.includes('/incoming_chat_invitations/')) return { is_accepted: true };
  if (path.endsWith('/chat_conversation_starters')) {
    return { language_code: unique('sv').replace('sv-', 'sv-t'), message: 'Hej!' };
  }
  if (path.includes('/chat_conversation_starters/')) {
    return { language_code: parameters['language_code'], message: 'How can I help you?' };
  }
  if (path.includes('/reply_suggestions')) return { suggestion: 'Tomorrow.', relevancy_score: 0.5 };
  return { is_ended: true };
}

/** The request of a contract case, with changed parameters, body or caller. */
export function requestOf(
  contractCase: ContractCase,
  change: { parameters?: Record<string, string>; person?: Person | null; body?: unknown; raw?: string } = {},
): Request {
  const parameters = { ...contractCase.parameters, ...change.parameters };
  const path = contractCase.operation.path.replace(/<(\w+)>/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`the contractCase has no ${name}`);
    return encodeURIComponent(value);
  });
  const body = 'body' in change ? change.body : contractCase.body;
  return {
    method: contractCase.operation.method,
    path,
    person: change.person === undefined ? contractCase.caller : change.person,
    ...(body === undefined ? {} : { body }),
    ...(change.raw === undefined ? {} : { raw: change.raw }),
  };
}
