import { wholeBody } from '../../notifications/webhook-body.ts';
import type { Receiver } from '../../resources/receiver.ts';
import { uuidVersion7 } from '../../resources/uuid.ts';
import type { LeasedDelivery } from '../../rpc/lane.ts';
import type { Outbox, OutboxRow } from './fan-out.ts';

/** How a commit's webhooks are inserted. Times in ms. */
export type Insertion = {
  /** The commit's time in the log. It may be ahead of the clock. */
  at: number;
  /** The clock. New deliveries are due now, not at the time in the log. */
  now: number;
  /** How many deliveries of the commit were made before. */
  made: number;
  /** Lanes whose first new delivery is leased at once, with the length of the lease. */
  leases: ReadonlyMap<Receiver, number>;
  /** The organization of a receiver. */
  organizationOf: (receiver: Receiver) => string;
  /** The next version for D1. A leased row gets its version with its first report, or when its lease ends. */
  nextVersion: () => number;
};

/** Inserts new deliveries. Answers the leased ones, and the number of rows written. Must run inside a transaction. */
export function insertDeliveries(
  sql: SqlStorage,
  { rows, contents }: Outbox,
  insertion: Insertion,
): { leased: LeasedDelivery[]; rowsWritten: number } {
  let rowsWritten = 0;
  const leased: LeasedDelivery[] = [];
  const leases = new Map(insertion.leases);
  const { at, now } = insertion;
  for (const { seq, resources } of contents) {
    // If an event's webhooks are made in several transactions, the first one has stored its resources.
    const statement = 'INSERT INTO webhook_contents (seq, resources) VALUES (?, ?) ON CONFLICT (seq) DO NOTHING';
    rowsWritten += sql.exec(statement, seq, resources.join('\n')).rowsWritten;
  }
  for (const [place, row] of rows.entries()) {
    const id = deliveryId(at, insertion.made + place);
    const lease = leases.get(row.receiver);
    leases.delete(row.receiver);
    const lease_token = lease === undefined ? null : newLeaseToken(id);
    const inserted = sql.exec(
      `INSERT INTO deliveries (id, version, receiver, seq, ordinal, chat_id, event_type, webhook_id, channel, resource_id,
         body, content, status, due_at, created_at, lease_token, lease_until)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'pending', ?13, ?14, ?15, ?16)`,
      id,
      lease === undefined ? insertion.nextVersion() : 0,
      row.receiver,
      row.seq,
      row.ordinal,
      row.chat_id,
      row.event_type,
      row.webhook_id,
      row.channel,
      row.resource_id,
      row.body,
      row.content,
      now,
      at,
      lease_token,
      lease === undefined ? null : now + lease,
    );
    rowsWritten += inserted.rowsWritten;
    if (lease_token === null) continue;
    leased.push({
      kind: 'head',
      lease_token,
      organization_id: insertion.organizationOf(row.receiver),
      receiver: row.receiver,
      delivery_id: id,
      event_type: row.event_type,
      webhook_id: row.webhook_id,
      body: bodyOf(row, contents),
      attempt: 1,
    });
  }
  return { leased, rowsWritten };
}

/** A token for a lease of this delivery. It begins with the delivery's id. */
export function newLeaseToken(deliveryId: string): string {
  return `${deliveryId}.${crypto.randomUUID()}`;
}

function bodyOf({ seq, body, content }: OutboxRow, contents: Outbox['contents']): string {
  const found = contents.find((each) => each.seq === seq);
  return wholeBody(body, found?.resources[content] ?? '');
}

/** Bits of the position in an id. Beyond them, which takes 16 million webhooks of one commit, ids are not ordered. */
const PLACE_BITS = 24n;

/** An id in the order of acceptance: the time, 24 bits of the position in the commit, 50 random bits. */
function deliveryId(at: number, place: number): string {
  const random = new DataView(crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0);
  const ordered = BigInt.asUintN(Number(PLACE_BITS), BigInt(place));
  const tail = (ordered << (74n - PLACE_BITS)) | BigInt.asUintN(Number(74n - PLACE_BITS), random);
  return uuidVersion7(at, { high12: Number(tail >> 62n), low62: BigInt.asUintN(62, tail) });
}
