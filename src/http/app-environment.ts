import type { Context, MiddlewareHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Cost } from '../db/cost.ts';
import {
  type Companion,
  type DeliveryLog,
  deliveryLog,
  IDENTITY_BINDING,
  type IdentityDatabase,
  type OrganizationDatabase,
  openIdentityDatabase,
  openOrganizationDatabase,
} from '../db/database.ts';
import type { OrganizationRow } from '../db/rows.ts';
import type { DirectoryDatabases } from '../directory/read-routed-rooms.ts';
import type { Credential } from '../directory/socket-owners.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import type { StoredBytes } from '../resources/quotas.ts';
import type { UserFacts } from '../resources/user.ts';

/** The user of the request's token, and their organization. */
export type Principal = {
  user: UserFacts;
  /** How many open chats the user takes; null: no limit. */
  chat_capacity: number | null;
  organization: {
    id: string;
    name: string;
    /** Name of the D1 binding that holds the organization's rows. */
    database: string;
    has_active_subscription: boolean;
    private_chats: boolean;
    private_chat_history: boolean;
    /** With which chats that start are encrypted; null: they are not. */
    encryption_public_key: string | null;
    stored: StoredBytes;
    /** How many variables a visitor may have. */
    variables_quota: number;
  };
  scopes: ReadonlySet<string>;
  token_id: string;
  /** When the token expires, in ms; null: never. */
  expires_at: number | null;
  /** The app that makes the request, as its bot user or for the user who opened it. Null for a user's own token. */
  app_id: string | null;
  /** By which the principal can be looked up again. */
  credential: Credential;
};

/** The key of an interface with which a program makes a request, and its organization. */
export type KeyHolder = {
  kind: InterfaceKind;
  key_id: string;
  organization: Principal['organization'] & { domain: string | null };
};

/** What a call is about, for its entry of the audit log. The entry is shown, so nothing here is secret. */
export type AuditTarget = {
  type: string;
  id: string;
  details?: { [name: string]: unknown };
  /** The organization of the target, when the path names none. */
  organization_id?: string;
};

/** A visitor who makes a request, and their organization. */
export type VisitorPrincipal = {
  id: string;
  /** When the token expires, in ms. */
  expires_at: number;
  organization: {
    id: string;
    database: string;
    has_active_subscription: boolean;
    private_chats: boolean;
    encryption_public_key: string | null;
    stored: StoredBytes;
  };
};

/** How an interface shows a refusal. `status`: what it is elsewhere; `message`: one sentence for people. */
export type RefusalForm = (refusal: { status: ContentfulStatusCode; message: string }) => {
  status: ContentfulStatusCode;
  body: object;
};

/** A request with an `Idempotency-Key`. `id`: digest of the key and its owner. `request`: digest of the request. */
export type KeyedRequest = {
  id: string;
  request: string;
  /** When this request claimed the key in D1, in ms (kept-answers.ts). */
  claimed_at?: number;
};

/**
 * What middleware passes to handlers. `principal` is set on every route behind `authenticate()`, `visitor` behind
 * `authenticateVisitor()`.
 */
export type AppEnvironment = {
  Bindings: Env;
  Variables: {
    principal: Principal;
    /**
     * The caller's organization. For the operator of the hub it is the path's, which `requireKnownOrganization()` sets.
     */
    organization: Pick<OrganizationRow, 'id' | 'name' | 'database'>;
    visitor: VisitorPrincipal;
    /** Set on every route behind `authenticateKey()`. */
    keyHolder: KeyHolder;
    /** The form of refusals, where it is not that of the Chats API. */
    refusalForm?: RefusalForm;
    cost: Cost;
    requestId: string;
    isBodyRead?: boolean;
    /** Set for a request with an `Idempotency-Key`. */
    keyed?: KeyedRequest;
    /** The `operationId` of the route. */
    operation: string;
    /** Of an audited route: what goes with each write to the database with a binding of this name. See audit.ts. */
    companionOf?: (binding: string) => Companion;
    auditTarget?: AuditTarget | undefined;
  };
};

export type AppContext = Context<AppEnvironment>;
export type AppMiddleware = MiddlewareHandler<AppEnvironment>;

/** The database with the rows of `c.var.organization`. */
export function organizationDatabase(c: AppContext): OrganizationDatabase {
  const { database } = c.var.organization;
  return openOrganizationDatabase(c.env, { database }, c.var.cost, c.var.companionOf?.(database));
}

/** The database with the rows of a visitor's organization. */
export function visitorDatabase(c: AppContext): OrganizationDatabase {
  return openOrganizationDatabase(c.env, c.var.visitor.organization, c.var.cost);
}

/** The first database: organizations, users, tokens. */
export function identityDatabase(c: AppContext): IdentityDatabase {
  return openIdentityDatabase(c.env, c.var.cost, c.var.companionOf?.(IDENTITY_BINDING));
}

/** The two databases in which the directory of `c.var.organization` is stored. */
export function directoryDatabases(c: AppContext): DirectoryDatabases {
  return { identity: identityDatabase(c), organization: organizationDatabase(c) };
}

/** The delivery log of all organizations. */
export function deliveryDatabase(c: AppContext): DeliveryLog {
  return deliveryLog(c.env, c.var.cost);
}
