import type { TypedResponse } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { SHORTEST_ADMIN_TOKEN } from '../platform/secrets.ts';
import type { AppContext } from './app-environment.ts';

/** The messages for a field, or for the fields inside it, nested like the payload. */
export type FieldErrors = { [field: string]: FieldMessages };
export type FieldMessages = readonly string[] | FieldErrors | readonly FieldMessages[];

/** Why a route refuses a request. A new reason is a line here and a line in REFUSALS. */
export type Refusal =
  | { reason: 'invalid'; fields: FieldErrors }
  | { reason: 'malformed_json' }
  | { reason: 'malformed_text' }
  | { reason: 'malformed_encoding' }
  | { reason: 'body_cut_off' }
  | { reason: 'too_complex' }
  | { reason: 'not_authenticated' }
  | { reason: 'token_invalid' }
  | { reason: 'ticket_invalid' }
  | { reason: 'code_invalid' }
  | { reason: 'forbidden' }
  | { reason: 'app_acting' }
  | { reason: 'organization_foreign' }
  | { reason: 'user_foreign' }
  | { reason: 'visitor_foreign' }
  | { reason: 'not_own_message' }
  | { reason: 'subscription_inactive' }
  | { reason: 'scope_missing'; scope: string }
  | { reason: 'organization_unknown' }
  /** `detail` names what was not found, where the interface documents that. */
  | { reason: 'not_found'; detail?: string }
  | { reason: 'method_not_allowed'; method: string; allowed: readonly string[] }
  | { reason: 'conflict'; detail: string }
  /** `limit`: how many the quota allows. */
  | { reason: 'quota_reached'; quota: string; limit: number }
  /** A quota of a day, which ends in `seconds`. */
  | { reason: 'day_quota_reached'; quota: string; limit: number; seconds: number }
  /** `limit` in bytes. */
  | { reason: 'too_large'; limit: number }
  | { reason: 'unsupported_encoding' }
  | { reason: 'file_empty' }
  | { reason: 'no_file_storage' }
  /** `size` of the file in bytes. */
  | { reason: 'range_unknown'; size: number }
  | { reason: 'not_a_socket' }
  | { reason: 'too_many_sockets' }
  /** `seconds` until the request may be repeated. */
  | { reason: 'rate_limited'; seconds: number }
  | { reason: 'origin_foreign' }
  | { reason: 'page_foreign' }
  | { reason: 'session_unsafe' }
  /** `name`: the secret of the deployment that is too short. */
  | { reason: 'admin_token_short'; name: string }
  | { reason: 'unavailable' };

/** The status, body and headers of a refusal. */
type Answer = {
  status: ContentfulStatusCode;
  body: FieldErrors | { detail: string };
  headers?: Record<string, string>;
};

const CHALLENGE = { 'WWW-Authenticate': 'Token realm="api"' };

const REFUSALS: { [Reason in Refusal['reason']]: (refusal: Extract<Refusal, { reason: Reason }>) => Answer } = {
  invalid: ({ fields }) => ({ status: 400, body: fields }),
  malformed_json: () => detail(400, 'JSON parse error: the body is not valid JSON.'),
  malformed_text: () => detail(400, 'JSON parse error: the body is not valid UTF-8.'),
  malformed_encoding: () => detail(400, 'The request body is not in the encoding that its Content-Encoding names.'),
  body_cut_off: () => detail(400, 'The request body ended before it was complete.'),
  too_complex: () => detail(400, 'JSON parse error: the body has more than 200,000 elements or 64 levels.'),
  not_authenticated: () => detail(401, 'Authentication credentials were not provided.', CHALLENGE),
  token_invalid: () => detail(401, 'Invalid token.', CHALLENGE),
  ticket_invalid: () => detail(401, 'Invalid ticket: it was used, or has expired.', CHALLENGE),
  code_invalid: () => detail(401, 'Invalid code: it is unknown, was used, or has expired.', CHALLENGE),
  forbidden: () => detail(403, 'You do not have permission to perform this action.'),
  app_acting: () => detail(403, 'The credentials of an app are not accepted here.'),
  organization_foreign: () => detail(403, 'You do not have permission to access this organization.'),
  user_foreign: () => detail(403, 'You do not have permission to act for this user.'),
  visitor_foreign: () => detail(403, 'You do not have permission to act for this visitor.'),
  not_own_message: () => detail(403, 'Only who sent a message may change it.'),
  subscription_inactive: () => detail(403, 'The organization has no active subscription.'),
  scope_missing: ({ scope }) => detail(403, `The scope "${scope}" is required.`),
  organization_unknown: () => detail(404, 'Organization not found.'),
  not_found: (refusal) => detail(404, refusal.detail ?? 'Not found.'),
  method_not_allowed: ({ method, allowed }) =>
    detail(405, `Method "${method}" not allowed.`, { Allow: allowed.join(', ') }),
  conflict: (refusal) => detail(409, refusal.detail),
  quota_reached: ({ quota, limit }) =>
    detail(409, `The quota "${quota}" is reached: at most ${limit.toLocaleString('en')}.`),
  day_quota_reached: ({ quota, limit, seconds }) =>
    detail(429, `The quota "${quota}" is reached: at most ${limit.toLocaleString('en')} a day.`, {
      'Retry-After': String(seconds),
    }),
  too_large: ({ limit }) =>
    detail(413, `The request body is too large: at most ${limit.toLocaleString('en')} bytes are accepted here.`),
  unsupported_encoding: () =>
    detail(415, 'The request body has a Content-Encoding that is not known here: gzip and deflate are.', {
      'Accept-Encoding': 'gzip, deflate',
    }),
  file_empty: () => ({ status: 400, body: { file: ['The submitted file is empty.'] } }),
  no_file_storage: () => detail(503, 'This deployment stores no files.', { 'Retry-After': '3600' }),
  range_unknown: ({ size }) => detail(416, 'The file has no such range.', { 'Content-Range': `bytes */${size}` }),
  not_a_socket: () => detail(426, 'This URL accepts only WebSocket connections.', { Upgrade: 'websocket' }),
  too_many_sockets: () => detail(429, 'Too many live sockets are open.', { 'Retry-After': '60' }),
  rate_limited: ({ seconds }) =>
    detail(429, `Request was throttled. Expected available in ${seconds} seconds.`, { 'Retry-After': String(seconds) }),
  origin_foreign: () => detail(403, 'Web pages of this origin may not connect.'),
  page_foreign: () => detail(403, 'Only a page of this hub may use a session.'),
  session_unsafe: () => detail(403, 'Sessions need https, or a hub on this machine.'),
  admin_token_short: ({ name }) =>
    detail(
      503,
      `The admin API is closed: the secret ${name} of this deployment has fewer than ${SHORTEST_ADMIN_TOKEN} characters.`,
      { 'Retry-After': '60' },
    ),
  unavailable: () => detail(503, 'Service temporarily unavailable, try again later.', { 'Retry-After': '1' }),
};

function detail(status: ContentfulStatusCode, text: string, headers?: Record<string, string>): Answer {
  return { status, body: { detail: text }, ...(headers === undefined ? {} : { headers }) };
}

/** The type of a refusal's response. It fits the answer type of every handler. */
export type Refused = Response & TypedResponse<never, never, never>;

/**
 * The response to a refusal: its status, `{detail}` or the fields' messages, and the status's headers. An interface with
 * another form of refusals gets that.
 */
export function refuse(c: AppContext, refusal: Refusal): Refused {
  const { status, body, headers } = answerTo(refusal);
  const form = c.get('refusalForm');
  if (form === undefined) return c.json(body, status, headers) as unknown as Refused;
  const formed = form({ status, message: messageOf(body) });
  return c.json(formed.body, formed.status, headers) as unknown as Refused;
}

/** Most fields that one sentence names. */
const FIELDS_IN_A_MESSAGE = 5;

/** The body of a refusal as one text: `from: This field is required.` */
export function messageOf(body: Answer['body']): string {
  const { detail: text } = body as { detail?: unknown };
  if (typeof text === 'string') return text;
  return textsIn(body as FieldErrors, '')
    .slice(0, FIELDS_IN_A_MESSAGE)
    .join(' ');
}

function textsIn(messages: FieldMessages, place: string): string[] {
  const named = place === '' ? '' : `${place}: `;
  const nested = Object.entries(messages as object) as [string, string | FieldMessages][];
  return nested.flatMap(([key, value]) => {
    if (typeof value === 'string') return [`${named}${value}`];
    const isAll = key === 'non_field_errors';
    return textsIn(value, isAll ? place : place === '' ? key : `${place}.${key}`);
  });
}

/** A 400 for one field of the body or of the query. */
export function refuseField(c: AppContext, field: string, message: string): Refused {
  return refuse(c, { reason: 'invalid', fields: { [field]: [message] } });
}

/** The status and body of a refusal, for code that has no request. */
export function answerTo(refusal: Refusal): Answer {
  const answer = REFUSALS[refusal.reason] as (refusal: Refusal) => Answer;
  return answer(refusal);
}

/** The statuses of documented refusals. Each is a component of the OpenAPI document. */
const DOCUMENTED = {
  400: { name: 'Invalid', description: 'The path, the query or the body is not valid' },
  401: { name: 'NotAuthenticated', description: 'No token, or one that is unknown, expired or revoked' },
  403: { name: 'Forbidden', description: 'Not permitted, or no active subscription' },
  404: { name: 'NotFound', description: 'Not found' },
  409: { name: 'Conflict', description: 'In conflict with the present state' },
  413: { name: 'TooLarge', description: 'The body is larger than the route accepts' },
  415: { name: 'UnsupportedEncoding', description: 'The body has a `Content-Encoding` other than gzip or deflate' },
  416: { name: 'RangeUnknown', description: 'The file has no such range' },
  426: { name: 'UpgradeRequired', description: 'The request is no WebSocket handshake' },
  429: { name: 'TooMany', description: 'Too many requests or sockets; `Retry-After` says when to try again' },
  503: { name: 'Unavailable', description: 'Temporarily unavailable; `Retry-After` says when to try again' },
} as const;

export type RefusalStatus = keyof typeof DOCUMENTED;

type ResponseReference<Status extends RefusalStatus> = {
  $ref: `#/components/responses/${(typeof DOCUMENTED)[Status]['name']}`;
};

/** What a documented status of a refusal means. */
export function refusalDescription(status: RefusalStatus): string {
  return DOCUMENTED[status].description;
}

/** The documented refusals of a route by status, for its `responses`. */
export function refusalResponses<Status extends RefusalStatus>(
  ...statuses: readonly Status[]
): { [status in Status]: ResponseReference<status> } {
  const entries = statuses.map((status) => [status, { $ref: `#/components/responses/${DOCUMENTED[status].name}` }]);
  return Object.fromEntries(entries);
}

const detailSchema = {
  type: 'object' as const,
  properties: { detail: { type: 'string' as const } },
  required: ['detail'],
};

/** Messages by field, or `{detail}` for a body that is not JSON. Clients must expect both. */
const invalidSchema = {
  type: 'object' as const,
  description:
    'Messages by field, nested like the payload; `non_field_errors` has those of no single field. A body that is no JSON has `detail` alone, a string.',
  additionalProperties: true,
  example: { thread_id: ['This field is required.'] },
};

/** The components to which `refusalResponses` refers, as parts of an OpenAPI document. */
export const refusalComponents = {
  schemas: { Detail: detailSchema, FieldErrors: invalidSchema },
  responses: Object.entries(DOCUMENTED).map(([status, { name, description }]) => {
    const schema = { $ref: `#/components/schemas/${status === '400' ? 'FieldErrors' : 'Detail'}` };
    return { name, response: { description, content: { 'application/json': { schema } } } };
  }),
};
