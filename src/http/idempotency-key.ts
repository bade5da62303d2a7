import { createHash } from 'node:crypto';
import type { AppContext, AppMiddleware } from './app-environment.ts';
import { type Refusal, type Refused, refuse } from './refusals.ts';

/** The header of an answer that repeats an earlier one. */
export const REPLAYED = 'Idempotent-Replayed';

const HEADER = 'Idempotency-Key';
const MOST_CHARACTERS = 255;

/** The refusal of a key that stands for another request. */
export const KEY_REUSED = {
  reason: 'conflict',
  detail: 'This Idempotency-Key was used for another request.',
} as const satisfies Refusal;

/**
 * Reads the `Idempotency-Key` of a request into `c.var.keyed`. A key belongs to one user or visitor of one
 * organization, or to the operator: nobody else can ask for what it stands for. `hasBody`: the route reads a body. It must follow the guards and the
 * reading of the body.
 */
export function readIdempotencyKey(hasBody: boolean): AppMiddleware {
  return async (c, next) => {
    const refused = await keyRequest(c, () => (hasBody ? c.req.json<unknown>() : null));
    if (refused !== null) return refused;
    await next();
  };
}

/** The same for a request whose body is no JSON: `content` says what it asks for. Answers the refusal of a bad key. */
export async function keyRequest(c: AppContext, content: () => unknown): Promise<Refused | null> {
  const key = c.req.header(HEADER)?.trim() ?? '';
  if (key.length > MOST_CHARACTERS) {
    const message = `Ensure this header has no more than ${MOST_CHARACTERS} characters.`;
    return refuse(c, { reason: 'invalid', fields: { [HEADER]: [message] } });
  }
  if (key === '' || c.get('keyed') !== undefined) return null;
  c.set('keyed', {
    id: digestOf([...ownerOf(c), key]).slice(0, 24),
    request: digestOf([c.req.method, c.req.path, await content()]),
  });
  return null;
}

function ownerOf(c: AppContext): [organization: string, kind: string, id: string] {
  const visitor = c.get('visitor');
  if (visitor !== undefined) return [visitor.organization.id, 'visitor', visitor.id];
  const holder = c.get('keyHolder');
  if (holder !== undefined) return [holder.organization.id, holder.kind, ''];
  const principal = c.get('principal');
  if (principal === undefined) return [c.var.organization.id, 'operator', ''];
  return [principal.organization.id, 'user', principal.user.id];
}

function digestOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** The header `Idempotency-Key` as a parameter of an OpenAPI operation. */
export const IDEMPOTENCY_KEY = {
  name: HEADER,
  in: 'header',
  required: false,
  schema: { type: 'string', maxLength: MOST_CHARACTERS },
  description:
    'Makes a repeat harmless: within 24 hours a request with the same key is answered as the first one, with `Idempotent-Replayed: true`, and does nothing. With another body it is 409. A refused request, and one that changed nothing, is not remembered.',
} as const;

/** The header `Idempotent-Replayed` of an answer in an OpenAPI document. */
export const REPLAYED_HEADER = {
  [REPLAYED]: {
    description: '`true` when an earlier request with the same `Idempotency-Key` was answered like this.',
    schema: { type: 'string' },
  },
} as const;
