/** The defaults of what an organization may have. The operator sets others for each organization. */
export const QUOTAS = {
  /** Of rows sent to D1 on a day (UTC). */
  stored_bytes: 1_000_000_000,
  channels: 1_000,
  apps: 100,
  /** Of an app. */
  webhooks: 50,
  rooms: 1_000,
  teams: 1_000,
  users: 10_000,
  /** With 500 rooms each, their rows fit into what isolates keep of an organization's routing. */
  routers: 200,
  /** Of a visitor: every key that they have had, because a deleted one leaves its time. */
  visitor_variables: 1_000,
} as const;

export type QuotaName = keyof typeof QUOTAS;
export type Quotas = { [Name in QuotaName]: number };

export const QUOTA_NAMES = Object.keys(QUOTAS) as QuotaName[];

/** The quotas of an organization, from what is stored of them (JSON). */
export function quotasOf(stored: string): Quotas {
  return { ...QUOTAS, ...(JSON.parse(stored) as Partial<Quotas>) };
}

/** The fields in which the operator sees and sets quotas, with values made of each quota's name. */
export function quotaFields<Value>(make: (name: QuotaName) => Value) {
  const fields = QUOTA_NAMES.map((name) => [`${name}_quota`, make(name)]);
  return Object.fromEntries(fields) as { [Name in QuotaName as `${Name}_quota`]: Value };
}

/** What an organization has stored on a day (days since 1970, UTC), and its quota, in bytes. */
export type StoredBytes = { day: number; bytes: number; quota: number };

/** From the columns of `organizations`. */
export function storedBytesOf(row: { stored_day: number; stored_bytes: number; quotas: string }): StoredBytes {
  return { day: row.stored_day, bytes: row.stored_bytes, quota: quotasOf(row.quotas).stored_bytes };
}
