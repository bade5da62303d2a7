import { newUuid } from '../../../src/resources/uuid.ts';
import { type ContractCase, NOTHING, type Operation, openCase, requestOf } from './contract-case.ts';
import {
  accept,
  arrive,
  type ContractOrganization,
  end,
  expire,
  invite,
  join,
  must,
  newChat,
  send,
  withSetting,
} from './contract-organization.ts';
import { enrollAgent, unique } from './organization.ts';
import { type Answer, enroll } from './requests.ts';

/** Tests one line of the contract: sets up the state that the line describes and makes the request. */
type Line = (contractCase: ContractCase) => Promise<Answer>;

const succeeds: Line = (contractCase) => send(requestOf(contractCase));
/** The same request twice: the second finds what the first made. */
const succeedsAgain: Line = async (contractCase) => {
  await must(201, requestOf(contractCase));
  return await send(requestOf(contractCase));
};

const namesNothing =
  (parameter: string): Line =>
  (contractCase) =>
    send(
      requestOf(contractCase, { parameters: { [parameter]: parameter === 'visitor_id' ? '0'.repeat(32) : NOTHING } }),
    );

/** Every field is an object, which is the wrong type for all of them. Without fields the body itself is malformed. */
const isMalformed: Line = (contractCase) => {
  if (contractCase.body === undefined) return send(requestOf(contractCase, { raw: '{"' }));
  const wrong = Object.fromEntries(Object.keys(contractCase.body as object).map((field) => [field, { wrong: true }]));
  return send(requestOf(contractCase, { body: wrong }));
};

/** A body without its attributes. If none is required, a body that is not an object. */
const lacksAttributes: Line = (contractCase) =>
  send(requestOf(contractCase, { body: contractCase.body === undefined ? [] : {} }));

const isStrangers: Line = (contractCase) => send(requestOf(contractCase, { person: contractCase.org.stranger }));

const lacksReports: Line = (contractCase) => send(requestOf(contractCase, { person: contractCase.org.agent }));

/** A chat that exists, but not in the scope. */
const isOutsideScope: Line = async (contractCase) => {
  const { chatId } = await newChat(contractCase.org);
  return await send(requestOf(contractCase, { parameters: { chat_id: chatId } }));
};

/** The chat is no longer routed to the caller: its room does not reach them. */
const isNotRouted: Line = async (contractCase) => {
  const caller = await enroll();
  return await send(requestOf(contractCase, { person: caller, parameters: { user_id: caller.user_id } }));
};

const hasEnded: Line = async (contractCase) => {
  await end(contractCase.org, contractCase.chatId);
  return await send(requestOf(contractCase));
};

const isTaken: Line = async (contractCase) => {
  await join(contractCase.org.colleague, contractCase.chatId);
  return await send(requestOf(contractCase));
};

const isTakenAndPrivate: Line = async (contractCase) => {
  await join(contractCase.org.colleague, contractCase.chatId);
  return await withSetting(contractCase.org, 'private_chats', true, () => send(requestOf(contractCase)));
};

/** The caller is an agent who is not present. If the path needs a member, an agent who has left after joining. */
const isAbsent: Line = async (contractCase) => {
  const absent = await enrollAgent(contractCase.org.organizationId);
  if (contractCase.operation.path.includes('/chat_memberships/')) {
    const path = `/api/v5/users/${absent.user_id}/clients`;
    const client = await arrive(absent);
    await join(absent, contractCase.chatId);
    await must(204, { method: 'DELETE', path: `${path}/${client}`, person: absent });
  }
  return await send(requestOf(contractCase, { person: absent, parameters: { user_id: absent.user_id } }));
};

/** Closes the operation's invitation: its inviter expires it. */
const invitationIsOver: Line = async (contractCase) => {
  const isOutgoing = contractCase.operation.path.includes('/outgoing_chat_invitations/');
  const inviter = isOutgoing ? contractCase.caller : contractCase.org.colleague;
  await expire(inviter, contractCase.chatId, contractCase.parameters['invitation_id'] ?? '');
  return await send(requestOf(contractCase));
};

const invitationIsAccepted: Line = async (contractCase) => {
  await accept(contractCase.org.colleague, contractCase.parameters['invitation_id'] ?? '');
  return await send(requestOf(contractCase));
};

/** A router that routes to another user. */
const invitationIsAnothers: Line = async (contractCase) => {
  const { org } = contractCase;
  const { chatId } = await newChat(org);
  await join(org.colleague, chatId);
  const invitation_id = await invite(org.colleague, chatId, org.reporter);
  return await send(requestOf(contractCase, { parameters: { invitation_id } }));
};

const invitedIsUnknown: Line = (contractCase) =>
  send(requestOf(contractCase, { body: { invited_user_id: newUuid(Date.now()) } }));

const starterExists: Line = async (contractCase) => {
  const body = { ...(contractCase.body as object), language_code: unique('da').replace('da-', 'da-t') };
  await must(201, requestOf(contractCase, { body }));
  return await send(requestOf(contractCase, { body }));
};

const waitingOfEnded: Line = async (contractCase) => {
  await end(contractCase.org, contractCase.chatId);
  return await send(requestOf(contractCase, { body: { is_waiting: false } }));
};

const withoutOpenChat: Line = async (contractCase) => {
  await end(contractCase.org, contractCase.chatId);
  return await send(requestOf(contractCase));
};

const withoutSubscription: Line = (contractCase) =>
  withSetting(contractCase.org, 'has_active_subscription', false, () => send(requestOf(contractCase)));

const lacksReportsOfPrivateHistory: Line = (contractCase) =>
  withSetting(contractCase.org, 'private_chat_history', true, () =>
    send(requestOf(contractCase, { person: contractCase.org.agent })),
  );

/** The lines of the contract by status and reason. Lines with the same meaning share a function. */
const LINES: Record<string, Line> = {
  '200 if the request was successful': succeeds,
  '200 if an existing membership was found': succeedsAgain,
  '200 if an existing tag was found with given name': succeedsAgain,
  '200 if existing chat was found': succeeds,
  '200 if invited party already has a pending chat invitation to this chat': succeedsAgain,
  '200 if the invitation was expired successfully': succeeds,
  '201 a new tag was successfully created for the chat': succeeds,
  '201 if a chat invitation was successfully sent': succeeds,
  '201 if a new chat was created': withoutOpenChat,
  '201 if a new membership was created': succeeds,
  '201 if the request was successful': succeeds,
  '201 if the request was successful and the new membership was created': succeeds,
  '204 if the request was successful': succeeds,
  '400 chat has already been ended': waitingOfEnded,
  '400 if required attribute is missing from the request': lacksAttributes,
  '400 if required attributes are missing from the request': lacksAttributes,
  '400 if the chat has ended': hasEnded,
  '400 if the chat was not in "pending state" i.e. the invitation has expired, other user from team or organization already responded to invitation.':
    invitationIsOver,
  '400 if the invitation has already been accepted by some party': invitationIsAccepted,
  '400 if the invitation has already expired': invitationIsOver,
  '400 if the request payload is in wrong format': isMalformed,
  '400 if the user already has a conversation starter with given language_code': starterExists,
  '401 if you are not authenticated': (contractCase) => send(requestOf(contractCase, { person: null })),
  '403 if user does not have access to the room': (contractCase) =>
    send(requestOf(contractCase, { parameters: { room_id: contractCase.org.foreignRoomId } })),
  '403 if you do not have access to the organization': isStrangers,
  '403 if you do not have access to the user': isStrangers,
  '403 if you do not have access to the users': isStrangers,
  '403 if you do not have active subscription': withoutSubscription,
  '403 if you do not have reports permission': lacksReports,
  '403 if you do not have reports permission and the organization has private history enabled':
    lacksReportsOfPrivateHistory,
  '404 if chat invitation was not found': invitationIsAnothers,
  '404 if chat was not found': namesNothing('chat_id'),
  '404 if conversation starter was not found': (contractCase) =>
    send(requestOf(contractCase, { parameters: { language_code: 'zu' } })),
  '404 if message was not found': namesNothing('message_id'),
  '404 if reply suggestion was not found': namesNothing('reply_suggestion_id'),
  '404 if room was not found': (contractCase) =>
    send(requestOf(contractCase, { parameters: { room_id: contractCase.org.foreignRoomId } })),
  '404 if the chat has ended': hasEnded,
  '404 if the chat was not pending anymore': isTaken,
  '404 if the chat was not pending not anymore': isTaken,
  '404 if the invitation is not found': namesNothing('invitation_id'),
  '404 if the invited user, team, or organization is not found': invitedIsUnknown,
  '404 if the related chat does not exist or it is not routed to the user': isNotRouted,
  '404 if the user was not a member of the chat': isOutsideScope,
  '404 if visitor was not found': namesNothing('visitor_id'),
  '409 if some else has already a chat with the visitor': isTakenAndPrivate,
  '409 if the chat is ended': hasEnded,
  '409 if the user was not present': isAbsent,
  '409 if there is already a present user member in the chat AND the organization has "private chats" enabled AND the joining user does not have the reports permission':
    isTakenAndPrivate,
};

/** Makes the request that a line of the contract describes, in its own contract case. */
export async function tryLine(
  org: ContractOrganization,
  operation: Operation,
  status: string,
  reason: string,
): Promise<Answer> {
  const line = LINES[`${status} ${reason}`];
  if (line === undefined) throw new Error(`no setup for the line: ${status} ${reason}`);
  return await line(await openCase(org, operation));
}
