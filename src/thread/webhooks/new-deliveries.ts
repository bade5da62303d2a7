import { wholeBody } from '../../notifications/webhook-body.ts';
import type { Receiver } from '../../resources/receiver.ts';
import { uuidVersion7 } from '../../resources/uuid.ts';
import type { LeasedDelivery } from '../../rpc/lane.ts';
import type { Outbox, OutboxRow } from './fan-out.ts';

/** How the rows of a commit are put into the outbox. Times in ms. */
export type Insertion = {
  /** The commit's time in the log, which may run ahead of the clock. */
  at: number;
  /** The clock: what is delivered is due at once, so not at a time in the log. */
  now: number;
  /** How many deliveries of the commit were made before these. */
  made: number;
  /** Lanes whose first row here is leased at once, each with the length of the lease. */
  leases: ReadonlyMap<Receiver, number>;
  /** Of the thread: a lane without one of its own is its. */
  organizationOf: (receiver: Receiver) => string;
  /** Numbers the rows of which D1 is to know. A leased one follows with its first report, or when its lease runs out. */
  nextVersion: () => number;
};

/** Puts new deliveries into the outbox. Answers the leased ones, and the rows written. Must run inside a transaction. */
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
    // An event whose webhooks are made in several portions has its content from the first.
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

/** A token of a lease of this delivery; it begins with the delivery's id. */
export function newLeaseToken(deliveryId: string): string {
  return `${deliveryId}.${crypto.randomUUID()}`;
}

function bodyOf({ seq, body, content }: OutboxRow, contents: Outbox['contents']): string {
  const found = contents.find((each) => each.seq === seq);
  return wholeBody(body, found?.resources[content] ?? '');
}

/** Bits of the place in an id. Beyond them, which takes 16 million webhooks of one commit, ids have no order. */
const PLACE_BITS = 24n;

/** An id whose order is the order of acceptance: the time, 24 bits of the place in the commit, 50 random bits. */
function deliveryId(at: number, place: number): string {
  const random = new DataView(crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0);
  const ordered = BigInt.asUintN(Number(PLACE_BITS), BigInt(place));
  const tail = (ordered << (74n - PLACE_BITS)) | BigInt.asUintN(Number(74n - PLACE_BITS), random);
  return uuidVersion7(at, { high12: Number(tail >> 62n), low62: BigInt.asUintN(62, tail) });
}
