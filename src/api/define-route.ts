import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import type { AppMiddleware } from '../http/app-environment.ts';
import { dropEmptyParameters } from '../http/empty-parameters.ts';
import { IDEMPOTENCY_KEY, REPLAYED_HEADER, readIdempotencyKey } from '../http/idempotency-key.ts';
import { readJsonBody } from '../http/json-body.ts';
import { type AnswerPlace, keepAnswers } from '../http/kept-answers.ts';
import { type RefusalStatus, refusalResponses } from '../http/refusals.ts';
import type { Access } from './access.ts';
import { formedResponses } from './interface-errors.ts';

/** What a route says of itself; everything else about it follows. */
export type RouteDefinition = Pick<RouteConfig, 'method' | 'path' | 'request'> & {
  /** Unique among all routes: generated clients name their functions after it. */
  operationId: string;
  /** What it does, in a few words without a full stop. */
  summary: string;
  /**
   * What the summary does not say, in one to four sentences: what the call triggers, whether it can be repeated, which limits it
   * has, and when it is refused. Markdown.
   */
  description: string;
  /** The heading under which the reference shows it, one of TAGS in openapi/document.ts. */
  tag: string;
  access: Access;
  /** Largest body in bytes, if it differs from that of the access. */
  bodyLimit?: number;
  /** The types of a body that the handler reads itself, as it comes. `request` then has no body. */
  stream?: { description: string; content: { [type: string]: { schema: object } } };
  /**
   * What an `Idempotency-Key` stands for: the command that the request sends to a thread, or its answer, kept in the
   * named database.
   */
  idempotency?: 'command' | AnswerPlace;
  /** The answers of a successful request, by status. */
  answers: RouteConfig['responses'];
  /** Statuses of refusals that do not follow from the rest, such as 404 for an id in the body, 409, 426 and 429. */
  refusals?: readonly RefusalStatus[];
};

/** The verb in the `operationId` of a route that exists as PUT and as PATCH. */
export const VERBS = { put: 'replace', patch: 'update' } as const;

/** The part of a `createRoute` definition that determines the types of a handler's input and answer. */
type Described<Definition extends RouteDefinition> = Pick<
  Definition,
  'method' | 'path' | Extract<'request', keyof Definition>
> & { responses: Definition['answers'] };

export type Route<Definition extends RouteDefinition> = ReturnType<
  typeof createRoute<Definition['path'], Described<Definition>>
>;

/**
 * Makes a route for `router.openapi(route, handler)`. Its access gives the guards, which run before the body is read.
 * Access and request give the documented refusals: those of the guards, 400 for a query or a body, 404 for a path with
 * parameters, and 413 and 415 for a body.
 */
export function defineRoute<const Definition extends RouteDefinition>(definition: Definition): Route<Definition> {
  const {
    access,
    answers,
    refusals,
    tag,
    bodyLimit = access.bodyLimit,
    request,
    stream,
    idempotency,
    ...rest
  } = definition;
  const hasKey = idempotency !== undefined;
  const { query, body } = request ?? {};
  const named: AppMiddleware = (c, next) => {
    c.set('operation', definition.operationId);
    return next();
  };
  const middleware = [
    named,
    ...access.guards,
    ...(query === undefined ? [] : [dropEmptyParameters]),
    ...(body === undefined ? [] : [readJsonBody(bodyLimit)]),
    ...(hasKey ? [readIdempotencyKey(body !== undefined)] : []),
    ...(hasKey && idempotency !== 'command' ? [keepAnswers(idempotency)] : []),
  ];
  const description = `At most ${bodyLimit.toLocaleString('en')} bytes.`;
  const route = createRoute({
    ...rest,
    request: { ...request, ...documentedBody(body === undefined ? stream : { description, ...body }) },
    tags: [tag],
    security: access.security,
    middleware,
    ...(hasKey ? { parameters: [IDEMPOTENCY_KEY] } : {}),
    responses: { ...(hasKey ? replayable(answers) : answers), ...refusalsFor(definition) },
  });
  return route as unknown as Route<Definition>;
}

function documentedBody(body: NonNullable<RouteConfig['request']>['body'] | RouteDefinition['stream']): object {
  return body === undefined ? {} : { body };
}

/** The answers with the header that tells a repeated one. */
function replayable(answers: RouteConfig['responses']): RouteConfig['responses'] {
  const entries = Object.entries(answers).map(([status, answer]) => [status, { ...answer, headers: REPLAYED_HEADER }]);
  return Object.fromEntries(entries) as RouteConfig['responses'];
}

function refusalsFor(definition: RouteDefinition): RouteConfig['responses'] {
  const statuses = refusalsOf(definition);
  const { errors } = definition.access;
  return errors === undefined ? refusalResponses(...statuses) : formedResponses(errors, statuses);
}

/** The statuses of a route's refusals, ascending, without repeats. */
function refusalsOf({ access, request = {}, refusals = [], idempotency, stream }: RouteDefinition): RefusalStatus[] {
  const statuses = new Set<RefusalStatus>([...access.refusals, ...refusals]);
  if (request.query !== undefined || request.body !== undefined) statuses.add(400);
  if (request.params !== undefined) statuses.add(404);
  if (idempotency !== undefined) statuses.add(400).add(409);
  if (stream !== undefined) statuses.add(400);
  if (request.body !== undefined || stream !== undefined) statuses.add(413).add(415);
  return [...statuses].sort((left, right) => left - right);
}
