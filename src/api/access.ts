import type { Scope } from '../directory/tokens.ts';
import type { AppContext, AppMiddleware } from '../http/app-environment.ts';
import { auditCalls, auditChanges, auditNamed } from '../http/audit.ts';
import { authenticate, authenticateSession } from '../http/authenticate.ts';
import { authenticateKey, requireHolderSubscription } from '../http/authenticate-interface.ts';
import {
  authenticateVisitor,
  requireOwnVisitor,
  requireVisitorOrganization,
  requireVisitorSubscription,
} from '../http/authenticate-visitor.ts';
import { PUBLIC_BODY, USER_BODY, VISITOR_BODY } from '../http/body-limits.ts';
import { requireOwnPage } from '../http/cookie-session.ts';
import {
  requireKnownOrganization,
  requireOrganization,
  requireOwnToken,
  requireOwnUser,
  requireScope,
  requireSomeScope,
  requireSubscription,
} from '../http/permissions.ts';
import {
  limitGuesses,
  limitHolderWrites,
  limitKey,
  limitNewVisitors,
  limitOpenPages,
  limitOrganizationWrites,
  limitToken,
  limitVisitorWrites,
} from '../http/rate-limits.ts';
import { type RefusalStatus, refuse } from '../http/refusals.ts';
import { requireOperator } from '../http/require-operator.ts';
import { limitStorage } from '../http/storage-quota.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import { type ErrorForm, RPC_ERRORS, THREADS_ERRORS } from './interface-errors.ts';

/**
 * Who may call a route. Each access is a value here, with its guards in the order in which they run: authentication, the path's
 * owner, the subscription, the kind of token, the scope.
 */
export type Access = {
  /** How to authenticate, for the reference. Empty for a public route. */
  security: { [scheme: string]: string[] }[];
  /** The guards run before the body is read. */
  guards: readonly AppMiddleware[];
  /** The largest body of its routes in bytes. */
  bodyLimit: number;
  /** The statuses of these guards' refusals. */
  refusals: readonly RefusalStatus[];
  /** The form of refusals, where it is not that of the Chats API. */
  errors?: ErrorForm;
};

/** The same access with further guards after its own. */
export function withGuards(access: Access, ...guards: AppMiddleware[]): Access {
  return { ...access, guards: [...access.guards, ...guards] };
}

/** The same access for a route that stores messages or chats: it counts against the bytes of the day. */
export function storing(access: Access): Access {
  return withGuards(access, limitStorage);
}

/** The same access for routes whose changes the audit log must have. */
export function audited(access: Access): Access {
  return withGuards(access, auditChanges);
}

/** The same access for routes of which the audit log must have each call: they read a secret, or change a thread. */
export function auditedCalls(access: Access): Access {
  return withGuards(access, auditCalls);
}

/** The same access for routes whose handler says which calls the audit log must have (`nameTarget`). */
export function auditedWhenNamed(access: Access): Access {
  return withGuards(access, auditNamed);
}

function asUser(...guards: AppMiddleware[]): Access {
  return {
    security: [{ userToken: [] }, { sessionCookie: [] }],
    guards: [authenticate(), limitToken, limitOrganizationWrites, ...guards],
    bodyLimit: USER_BODY,
    refusals: [401, 403, 429, 503],
  };
}

function asVisitor(...guards: AppMiddleware[]): Access {
  const all = [authenticateVisitor(), limitVisitorWrites, ...guards, requireVisitorSubscription()];
  return { security: [{ visitorToken: [] }], guards: all, bodyLimit: VISITOR_BODY, refusals: [401, 403, 429, 503] };
}

/** With private history on, only the scope `reports` opens an organization's chats (Chats API). */
const requireHistory: AppMiddleware = async (c, next) => {
  if (!mayReadHistory(c)) {
    return refuse(c, { reason: 'scope_missing', scope: 'reports' });
  }
  await next();
};

/** Whether the caller may read texts of their organization's chats without being in them. The operator of the hub may. */
export function mayReadHistory(c: AppContext): boolean {
  const principal = c.get('principal');
  if (principal === undefined) return true;
  return !principal.organization.private_chat_history || principal.scopes.has('reports');
}

/** The path's `user_id` must be the token's user, unless the token has the scope `users`. */
const requireOwnUserOrScope: AppMiddleware = async (c, next) => {
  const { user, scopes } = c.var.principal;
  const isOwn = c.req.param('user_id')?.toLowerCase() === user.id;
  if (!isOwn && !scopes.has('users')) return refuse(c, { reason: 'scope_missing', scope: 'users' });
  await next();
};

const asAnybody = (...guards: AppMiddleware[]): Access => ({
  security: [],
  guards,
  bodyLimit: PUBLIC_BODY,
  refusals: [429, 503],
});

/** Everybody. No token is needed. */
export const publicAccess = asAnybody(limitOpenPages);

/** A visitor who has no token yet. The path names the organization. */
export const newVisitor = asAnybody(limitGuesses, limitNewVisitors);

/** Whoever begins a session on a page of this hub. The handler checks what they have. */
export const newSession: Access = { ...asAnybody(requireOwnPage, limitGuesses), refusals: [401, 403, 429, 503] };

/** The browser of a session. */
export const ownSession: Access = {
  security: [{ sessionCookie: [] }],
  guards: [authenticateSession, limitToken, limitOrganizationWrites],
  bodyLimit: USER_BODY,
  refusals: [401, 403, 429, 503],
};

/** Whoever has a URL that the hub has signed. The handler checks it. */
export const signedUrl: Access = { security: [], guards: [], bodyLimit: PUBLIC_BODY, refusals: [404, 503] };

/** Every user. The path names no owner. */
export const anyUser = asUser(requireSubscription());

/** Every user whose token has a scope. The path names no owner. */
export const anyUserWith = (scope: Scope): Access => withGuards(anyUser, requireScope(scope));

/** Paths under /users/<user_id>: that user. */
export const ownUser = asUser(requireOwnUser(), requireSubscription());

/** Paths under /users/<user_id> that show earlier messages, which private history closes. */
export const ownUserHistory = withGuards(ownUser, requireHistory);

/**
 * Paths under /orgs/<organization_id>: every user of that organization. An unknown organization is 403, as in the Chats
 * API.
 */
export const organizationUser = asUser(requireOrganization({ unknown: 403 }), requireSubscription());

/** Paths under /orgs/<organization_id>: its users whose token has a scope. */
export const organizationUserWith = (scope: Scope): Access => withGuards(organizationUser, requireScope(scope));

/** Paths under /orgs/<organization_id>: its users, but no apps in their name. */
export const organizationUserThemselves = withGuards(organizationUser, requireOwnToken());

/**
 * What reaches beyond the organization: apps, installations and their webhooks, and shares. Users with the scope
 * `settings`, but no apps in their name.
 */
export const outwardSettings = audited(withGuards(organizationUserThemselves, requireScope('settings')));

/** Credentials of users: those with the scope `users`, but no apps in their name, which would keep what they make. */
export const userCredentials = audited(withGuards(organizationUserThemselves, requireScope('users')));

/** Settings and keys of JSON-RPC and the threads API: the same, and the audit log has every call. */
export const interfaceSettings = auditedCalls(withGuards(organizationUserThemselves, requireScope('settings')));

/** Paths under /orgs/<organization_id>: its users whose token has one of the scopes. */
export const organizationUserWithSome = (...scopes: Scope[]): Access =>
  withGuards(organizationUser, requireSomeScope(scopes));

/** Paths under /orgs/<organization_id> over all its chats, which private history closes. */
export const organizationHistory = withGuards(organizationUser, requireHistory);

/** Paths under /orgs/<organization_id>/users/<user_id>: that user, or one with the scope `users`. */
export const userOrScope = withGuards(organizationUser, requireOwnUserOrScope);

/** Channels: the scope `settings`. An unknown organization is 404, as in the Messaging API. */
export const channelSettings = asUser(
  requireOrganization({ unknown: 404 }),
  requireSubscription(),
  requireScope('settings'),
);

/** Channels, their webhook URLs and secrets: the same, but no apps in a user's name. Audited. */
export const channelManagement = audited(withGuards(channelSettings, requireOwnToken()));

/** The secrets of channels: the audit log has every call, also those that read one. */
export const channelSecrets = auditedCalls(withGuards(channelSettings, requireOwnToken()));

/** Paths under /public/orgs/<organization_id>: visitors of that organization. */
export const organizationVisitor = asVisitor(requireVisitorOrganization());

/** Paths that name both an organization and a visitor. */
export const ownOrganizationVisitor = asVisitor(requireVisitorOrganization(), requireOwnVisitor());

/** Paths under /public/visitors/<visitor_id>: that visitor. */
export const ownVisitor = asVisitor(requireOwnVisitor());

function withKey(kind: InterfaceKind, errors: ErrorForm): Access {
  const formed: AppMiddleware = (c, next) => {
    c.set('refusalForm', errors.form);
    return next();
  };
  return {
    security: [{ [`${kind}Key`]: [] }],
    guards: [formed, authenticateKey(kind), limitKey, limitHolderWrites, requireHolderSubscription],
    bodyLimit: USER_BODY,
    refusals: [401, 403, 429, 503],
    errors,
  };
}

/** JSON-RPC: a program with a key of it. */
export const rpcProgram = withKey('rpc', RPC_ERRORS);

/** The threads API: a program with a key of it. */
export const threadsProgram = withKey('threads', THREADS_ERRORS);

/** The operator of the hub, by ADMIN_TOKEN. A deployment without that secret has no such paths: 404; with a short one they are 503. The audit log has every call. */
export const operator: Access = {
  security: [{ adminToken: [] }],
  guards: [requireOperator, auditCalls],
  bodyLimit: USER_BODY,
  refusals: [401, 404, 429, 503],
};

/** The operator on paths under /organizations/<organization_id>. An unknown organization is 404. */
export const operatorOfOrganization = withGuards(operator, requireKnownOrganization());
