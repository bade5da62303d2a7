import type { IdentityDatabase } from '../db/database.ts';
import { type Keyset, keysetClauses } from '../db/keyset.ts';
import type { InterfaceKeyRow, OrganizationRow } from '../db/rows.ts';
import type { InterfaceKind } from '../resources/interface.ts';
import { changing } from './changes.ts';

/** A key of an interface with its organization, as one query answers them. */
export type KeyHolderRow = { key_id: string; organization_id: string; organization_name: string } & Pick<
  OrganizationRow,
  | 'database'
  | 'domain'
  | 'has_active_subscription'
  | 'private_chats'
  | 'private_chat_history'
  | 'encryption_public_key'
  | 'quotas'
  | 'stored_day'
  | 'stored_bytes'
>;

/**
 * Who a key of an interface stands for. Null when it is unknown, revoked or of another interface. Without an
 * organization id, because the key names the organization.
 */
export function findKeyHolder(
  database: IdentityDatabase,
  kind: InterfaceKind,
  digest: string,
): Promise<KeyHolderRow | null> {
  return database.first<KeyHolderRow>(
    `SELECT interface_keys.id AS key_id, organizations.id AS organization_id, organizations.name AS organization_name,
       organizations.database, organizations.domain, organizations.has_active_subscription, organizations.private_chats,
       organizations.private_chat_history, organizations.encryption_public_key, organizations.quotas,
       organizations.stored_day, organizations.stored_bytes
     FROM interface_keys JOIN organizations ON organizations.id = interface_keys.organization_id
     WHERE interface_keys.digest = ? AND interface_keys.kind = ? AND interface_keys.revoked_at IS NULL`,
    digest,
    kind,
  );
}

export type NewInterfaceKey = Pick<InterfaceKeyRow, 'digest' | 'id' | 'kind' | 'label' | 'created_at'>;

/** Stores the digest of a key. Null when there is no such organization. */
export function insertInterfaceKey(
  database: IdentityDatabase,
  organizationId: string,
  key: NewInterfaceKey,
): Promise<InterfaceKeyRow | null> {
  return database.first<InterfaceKeyRow>(
    `INSERT INTO interface_keys (digest, id, organization_id, kind, label, created_at)
     SELECT ?, ?, id, ?, ?, ? FROM organizations WHERE id = ? RETURNING *`,
    key.digest,
    key.id,
    key.kind,
    key.label,
    key.created_at,
    organizationId,
  );
}

/** Lists the keys of an interface by id, revoked ones too. */
export function listInterfaceKeys(
  database: IdentityDatabase,
  organizationId: string,
  kind: InterfaceKind,
  keyset: Keyset,
): Promise<InterfaceKeyRow[]> {
  const { where, orderBy, parameters } = keysetClauses({ columns: ['id'], descending: false }, keyset);
  return database.all<InterfaceKeyRow>(
    `SELECT * FROM interface_keys INDEXED BY interface_keys_of_organization
     WHERE organization_id = ? AND kind = ? AND ${where} ORDER BY ${orderBy}`,
    organizationId,
    kind,
    ...parameters,
  );
}

/** Revokes a key; repeating it changes nothing. Null when the organization has no such key of the interface. */
export function revokeInterfaceKey(
  database: IdentityDatabase,
  organizationId: string,
  kind: InterfaceKind,
  keyId: string,
  now: number,
): Promise<InterfaceKeyRow | null> {
  return changing({ kind: 'token', organization_id: organizationId, token_id: keyId }, () =>
    database.first<InterfaceKeyRow>(
      `UPDATE interface_keys SET revoked_at = COALESCE(revoked_at, ?)
       WHERE id = ? AND organization_id = ? AND kind = ? RETURNING *`,
      now,
      keyId,
      organizationId,
      kind,
    ),
  );
}
