import { type Companion, openIdentityDatabase } from '../db/database.ts';
import { type AuditEntry, auditOfChange, insertAuditEntry, OPERATOR } from '../directory/audit-log.ts';
import { cutText } from '../resources/characters.ts';
import { isUuid, newUuid } from '../resources/uuid.ts';
import type { AppContext, AppMiddleware, AuditTarget, Principal } from './app-environment.ts';
import { connectingAddress } from './client-address.ts';

/**
 * The audit log. A route behind one of these guards writes its entry in the transaction of its change: the databases
 * that the handler gets add it to whatever changes a row. So neither is there without the other, and a handler says no
 * more than what it has made.
 */

/** Writes an entry for each change that the route makes. Reading ones make none. Must follow authentication. */
export const auditChanges: AppMiddleware = async (c, next) => {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') beginAudit(c);
  await next();
};

/**
 * Writes an entry for each call: with its change, and else with its status after it. What a user was refused has none,
 * or they could fill the log for nothing. A call whose entry cannot be written is not answered. Must follow
 * authentication.
 */
export const auditCalls: AppMiddleware = async (c, next) => {
  // Hono may run a middleware twice (json-body.ts).
  if (c.get('companionOf') !== undefined) return next();
  const audit = beginAudit(c);
  await next();
  // An accident: the log of requests has it, and D1 may be what is away.
  const isTold = c.get('principal') === undefined ? c.res.status < 500 : c.res.status < 400;
  if (audit.isWritten || !isTold) return;
  await insertAuditEntry(openIdentityDatabase(c.env, c.var.cost), auditEntry(c, c.res.status));
};

/**
 * Writes an entry for each call of which the handler names a target: it has changed something in a thread. A call whose
 * entry cannot be written is not answered. Must follow authentication.
 */
export const auditNamed: AppMiddleware = async (c, next) => {
  await next();
  // Hono may run a middleware twice (json-body.ts).
  if (c.get('auditTarget') === undefined || c.res.status >= 400) return;
  const entry = auditEntry(c, c.res.status);
  c.set('auditTarget', undefined);
  await insertAuditEntry(openIdentityDatabase(c.env, c.var.cost), entry);
};

/** The entry of a call: for a change (`status` null) that a query writes with an entry of its own, or with its answer. */
export function auditEntry(c: AppContext, status: number | null): AuditEntry {
  return entryOf(c, newUuid(Date.now()), status);
}

/** Names what the call is about, before its change: what it makes, or a target that is not the last of the path. */
export function nameTarget(c: AppContext, target: AuditTarget): void {
  c.set('auditTarget', target);
}

/**
 * The entry of a change for the log of another organization that it concerns: who made it, and not from where or by which
 * token.
 */
export function auditEntryFor(c: AppContext, organizationId: string, target: AuditTarget): AuditEntry {
  return {
    ...auditEntry(c, null),
    ...{ organization_id: organizationId, token_id: null, app_id: null, address: null },
    ...{ target_type: target.type, target_id: target.id, details: JSON.stringify(target.details ?? {}) },
  };
}

function beginAudit(c: AppContext): { readonly isWritten: boolean } {
  const audit = { isWritten: false };
  const companions = new Map<string, Companion>();
  c.set('companionOf', (binding) => {
    const known = companions.get(binding);
    if (known !== undefined) return known;
    // The id is that of this request and database, so several changes of a request have one entry.
    const id = newUuid(Date.now());
    const companion = {
      statement: () => auditOfChange(entryOf(c, id, null)),
      wasWritten: () => {
        audit.isWritten = true;
      },
    };
    companions.set(binding, companion);
    return companion;
  });
  return audit;
}

function entryOf(c: AppContext, id: string, status: number | null): AuditEntry {
  const principal = c.get('principal') as Principal | undefined;
  const organization = c.get('organization') as { id: string } | undefined;
  const { organization_id: _, ...ids } = pathOf(c);
  const [last] = Object.entries(ids).slice(-1);
  const named = c.get('auditTarget');
  const target = named ?? (last === undefined ? null : { type: typeOf(last[0]), id: last[1] });
  const others = Object.fromEntries(Object.entries(ids).filter(([, value]) => value !== target?.id));
  const fields = fieldsOf(c);
  return {
    id,
    organization_id: organization?.id ?? named?.organization_id ?? null,
    actor_type: principal === undefined ? 'operator' : 'user',
    actor_id: principal?.user.id ?? OPERATOR,
    token_id: principal?.token_id ?? null,
    app_id: principal?.app_id ?? null,
    action: c.var.operation,
    target_type: target?.type ?? null,
    target_id: target?.id ?? null,
    details: JSON.stringify({ ...others, ...(fields.length === 0 ? {} : { fields }), ...named?.details }),
    status,
    address: connectingAddress(c),
    request_id: c.var.requestId,
  };
}

/** Longest text of a path that an entry quotes, such as the name of a tag. */
const LONGEST_TEXT = 255;

/** The parameters of the path, ids in the form in which they are stored. */
function pathOf(c: AppContext): { [name: string]: string } {
  const entries = Object.entries(c.req.param() as { [name: string]: string }).map(([name, value]) => {
    const id = value.toLowerCase();
    return [name, isUuid(id) ? id : cutText(value, LONGEST_TEXT)] as const;
  });
  return Object.fromEntries(entries);
}

/** What a parameter of a path names, where its name does not say it. */
const TYPES: { readonly [parameter: string]: string } = {
  config_id: 'channel',
  member_id: 'user',
  partner_id: 'organization',
  tag_name: 'allowed_tag',
};

function typeOf(parameter: string): string {
  return TYPES[parameter] ?? parameter.replace(/_id$/, '');
}

/** The names of the fields that the body has. Their values may be secret. */
function fieldsOf(c: AppContext): string[] {
  const body = (c.req as unknown as { valid(target: 'json'): unknown }).valid('json');
  return typeof body === 'object' && body !== null ? Object.keys(body) : [];
}
