import { DurableObject } from 'cloudflare:workers';
import { noCost } from '../db/cost.ts';
import { openIdentityDatabase } from '../db/database.ts';
import { keepHubAwake } from '../directory/subscriptions.ts';
import { upcastUpdate } from '../notifications/upcast-update.ts';
import { AlarmClock } from '../platform/alarm-clock.ts';
import { cacheTimeToLive, createIsolateCache, STALE_FOR } from '../platform/isolate-cache.ts';
import { errorText, writeLog } from '../platform/log.ts';
import { withinTime } from '../platform/timeout.ts';
import { Timers } from '../platform/timers.ts';
import {
  type EphemeralUpdate,
  type HubPurge,
  type LiveHubStub,
  type PublishRequest,
  type PublishResult,
  TICKET_LIFETIME,
  type TicketKept,
} from '../rpc/live-hub.ts';
import { askUser } from '../rpc/user.ts';
import { AccessCache, LOOK_UP_TIMEOUT, type OwnerFacts } from './access.ts';
import { ASK_THREADS, askThreadsAt, askThreadsIfDue } from './ask-threads.ts';
import { Distributor } from './distributor.ts';
import { fileLinksIn } from './file-links.ts';
import { FrameServer } from './frame-server.ts';
import { welcomeFrame } from './hub-frames.ts';
import { HubLoad } from './hub-load.ts';
import { HubLog } from './hub-log.ts';
import {
  deleteBefore,
  emptyPurged,
  hasTables,
  makeTables,
  oldestLoggedAt,
  readHub,
  seenOf,
  setAwakeUntil,
  setLeftAt,
} from './hub-store.ts';
import type { CloseReason } from './limits.ts';
import {
  AWAKE_FOR,
  CLOSE_REASONS,
  closeReasonAt,
  endsAt,
  forgottenAt,
  LONGEST_PAUSE,
  LONGEST_SILENCE,
  MOST_OF_HUB,
  MOST_OF_OWNER,
  PRUNE_EVERY,
  prunesAt,
  RENEW_BEFORE,
  type SocketTimes,
} from './limits.ts';
import type { LiveSocket } from './live-socket.ts';
import { accessInDatabase } from './load-access.ts';
import { KEEP_EVENTS, KEEP_FOR, unseenOf } from './log-rules.ts';
import { ownerId, PROTOCOL, readOpeningRequest, type SocketOwner } from './socket-owner.ts';
import { Sockets } from './sockets.ts';
import { ownerOfTicket } from './ticket-owner.ts';
import { deleteExpiredTickets, putTicket, takeTicket } from './tickets.ts';

/** When a failed look-up of rights is repeated, and when the alarm rings again after an error (ms). */
const RETRY_AFTER = 5000;
const ALARM_AFTER_ACCIDENT = 60_000;
/** The connection is broken, so nobody can be answered (RFC 6455, 7.4.1). */
const BROKEN: ReadonlySet<number> = new Set([1006, 1015]);
/** The timer of a failed renewal. */
const RENEW = 'renew';

/** The owners' facts outlive a hub's memory, which the platform destroys after ten seconds of silence. */
const facts = createIsolateCache<OwnerFacts>({ clock: () => Date.now(), limit: 20_000, staleFor: STALE_FOR });

/**
 * The live hub of an organization's users, or of a visitor. It numbers the updates of threads, stores them for a while
 * and sends them to its sockets from there. It sleeps while its sockets are silent. What it needs after that is in rows
 * and in the state of its sockets.
 */
export class LiveHub extends DurableObject<Env> implements LiveHubStub {
  readonly #sql: SqlStorage;
  readonly #log: HubLog;
  readonly #sockets: Sockets;
  readonly #distributor: Distributor;
  readonly #server: FrameServer;
  readonly #load: HubLoad<LiveSocket>;
  #isMade: boolean;
  readonly #alarmClock: AlarmClock;
  #timers: Timers;
  /** The call that tells D1 how long this hub is awake. */
  #renewing: Promise<number> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#alarmClock = new AlarmClock(ctx, (error) => logFailure('arm_failed', error));
    this.#isMade = hasTables(this.#sql);
    this.#timers = this.#makeTimers();
    this.#log = new HubLog(this.#sql);
    this.#load = new HubLoad<LiveSocket>((now) => this.#alarmClock.armBy(now + LONGEST_PAUSE));
    this.#sockets = new Sockets(ctx, this.#load, () => this.#log.range().head);
    const accessCache = new AccessCache({
      source: accessInDatabase(env),
      facts,
      timeToLive: () => cacheTimeToLive(this.env),
      clock: () => Date.now(),
    });
    const common = {
      logRange: () => this.#log.range(),
      accessCache,
      close: (socket: LiveSocket, closeReason: CloseReason) => this.#close(socket, closeReason),
      now: () => Date.now(),
    };
    this.#distributor = new Distributor({
      ...common,
      files: fileLinksIn(env),
      sockets: () => this.#sockets.all(),
      subscriptionsFor: (number, update) => this.#load.subscriptions.matching(number, update),
      eventsAfter: (number, limit) => this.#log.after(number, limit),
      retryLater: () => this.#alarmClock.armBy(Date.now() + RETRY_AFTER),
      yieldToOthers: () => scheduler.wait(0),
    });
    this.#server = new FrameServer({
      ...common,
      freeSubscriptions: () => this.#load.freeSubscriptions,
      keep: (socket, added) => this.#sockets.keepSubscriptions(socket, added),
      drop: (socket, texts) => this.#sockets.dropSubscriptions(socket, texts),
      channelsOf: (userId, clientId) => channelsOfClient(env, userId, clientId),
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    ctx.blockConcurrencyWhile(() => this.#alarmClock.start());
  }

  /**
   * Opens a socket: 101; 429 when there are too many; 503 when D1 cannot be told that this hub is awake. A ticket that
   * opens none is 401, and 403 without a subscription. It stays valid when the socket is refused for another reason.
   */
  override async fetch(request: Request): Promise<Response> {
    const opening = readOpeningRequest(request);
    if (opening === null) return new Response(null, { status: 426 });
    const { opener, speaks } = opening;
    const owner = 'owner' in opener ? opener.owner : await ownerOfTicket(this.env, this.#sql, opener.ticket);
    if (owner instanceof Response) return owner;
    let awakeUntil: number;
    try {
      awakeUntil = await this.#keepAwake(owner.kind === 'user' ? owner.organization_id : null);
    } catch (error) {
      logFailure('live_hub_not_awake', error);
      return new Response(null, { status: 503 });
    }
    if (this.#sockets.count() >= MOST_OF_HUB || this.#sockets.count(ownerId(owner)) >= MOST_OF_OWNER) {
      return new Response(null, { status: 429 });
    }
    // Between the look-up and this point another handshake may have used the ticket.
    if ('ticket' in opener && !takeTicket(this.#sql, opener.ticket)) return new Response(null, { status: 401 });
    const [client, webSocket] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#open(webSocket, owner, awakeUntil);
    const headers: HeadersInit = speaks ? { 'Sec-WebSocket-Protocol': PROTOCOL } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** Makes a ticket. A hub that had no socket yet stays without its other tables, and is empty again when it expires. */
  async keepTicket({ owner, digest }: { v: 1; owner: SocketOwner; digest: string }): Promise<TicketKept> {
    const now = Date.now();
    const expires_at = now + TICKET_LIFETIME;
    const isKept = this.ctx.storage.transactionSync(() => putTicket(this.#sql, digest, owner, expires_at, now));
    this.#alarmClock.armBy(expires_at);
    return isKept ? { ok: true, expires_at } : { ok: false };
  }

  /** Logs the updates of a thread that the hub has not seen, and sends them to the sockets. */
  async feed({ v, thread, entries }: PublishRequest): Promise<PublishResult> {
    if (v !== 1) return { ok: false, reason: 'newer_version' };
    if (!this.#isMade) return { ok: true };
    // Sockets that slept are at the end of the log as it was before these events.
    this.#sockets.wake();
    const now = Date.now();
    const { number_before, left_at } = readHub(this.#sql);
    const unseen = unseenOf(entries, seenOf(this.#sql, thread), number_before, now);
    if (unseen.length === 0) return { ok: true };
    // Sets the alarm again in case the platform has dropped it. It is never due later than this.
    this.#alarmClock.armBy(left_at === null ? now + LONGEST_SILENCE : left_at + KEEP_FOR);
    this.ctx.storage.transactionSync(() => this.#log.append(thread, unseen, now, KEEP_EVENTS));
    await this.#distributor.run();
    return { ok: true };
  }

  /** Sends an ephemeral update to the sockets that are up to date. */
  async mention({ v, told: update }: EphemeralUpdate): Promise<void> {
    if (v !== 1 || !this.#isMade) return;
    this.#sockets.wake();
    await this.#distributor.sendEphemeral(upcastUpdate(update));
  }

  /** Empties the logged updates that a thread has purged. Their numbers stay. */
  async purge(request: HubPurge): Promise<PublishResult> {
    if (request.v !== 1) return { ok: false, reason: 'newer_version' };
    if (!this.#isMade) return { ok: true };
    this.ctx.storage.transactionSync(() => emptyPurged(this.#sql, request));
    this.#log.reload();
    return { ok: true };
  }

  /** Lets the sockets that follow a client read its channels again. */
  async followClient({ v, user_id, client_id }: { v: 1; user_id: string; client_id: string }): Promise<void> {
    if (v !== 1 || !this.#isMade) return;
    const sockets = [...this.#sockets.all()].filter(({ owner }) => ownerId(owner) === user_id);
    await Promise.all(sockets.map((socket) => this.#server.followAgain(socket, client_id)));
    await this.#distributor.run();
  }

  /** Closes every socket and deletes everything: the visitor of the hub was purged. */
  async forget({ v }: { v: 1 }): Promise<void> {
    if (v !== 1 || !this.#isMade) return;
    for (const socket of this.#sockets.all()) this.#close(socket, CLOSE_REASONS.token);
    await this.#forgetAll();
  }

  /** Handles a client's frame. */
  override async webSocketMessage(webSocket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const socket = this.#isMade ? this.#sockets.of(webSocket) : null;
    if (socket === null) return;
    await this.#server.receive(socket, data);
    await this.#distributor.run();
  }

  /** Forgets a socket that its client has closed. */
  override async webSocketClose(webSocket: WebSocket, code: number): Promise<void> {
    this.#forget(webSocket);
    // Some clients wait for the answering close frame.
    if (!BROKEN.has(code) && webSocket.readyState !== WebSocket.CLOSED) webSocket.close(1000);
  }

  /** Forgets a socket whose connection has failed. */
  override async webSocketError(webSocket: WebSocket): Promise<void> {
    this.#forget(webSocket);
  }

  /**
   * Checks sockets and log. Harmless when it rings twice. Never throws: the platform drops an alarm after six failures.
   */
  override async alarm(): Promise<void> {
    this.#alarmClock.ring();
    try {
      const now = Date.now();
      const nextTicket = deleteExpiredTickets(this.#sql, now);
      if (!this.#isMade) {
        if (nextTicket === null) await this.#forgetAll();
        else this.#alarmClock.armBy(nextTicket);
        return;
      }
      for (const socket of this.#sockets.all()) {
        const closeReason = closeReasonAt(this.#timesOf(socket), now);
        if (closeReason !== null) this.#close(socket, closeReason);
      }
      // A hub that crashed has lost its sockets without being told.
      if (this.#sockets.size() === 0) setLeftAt(this.#sql, readHub(this.#sql).left_at ?? now);
      const hub = readHub(this.#sql);
      if (now >= (forgottenAt(hub, this.#log.range()) ?? Number.POSITIVE_INFINITY) && nextTicket === null) {
        await this.#forgetAll();
        return;
      }
      if (now - hub.pruned_at >= PRUNE_EVERY) {
        this.ctx.storage.transactionSync(() => deleteBefore(this.#sql, now - KEEP_FOR, now));
        this.#log.reload();
      }
      await Promise.all([
        this.#distributor.run(),
        this.#renew(),
        askThreadsIfDue(this.env, readHub(this.#sql), this.#timers),
      ]);
      this.#armForNext();
      if (nextTicket !== null) this.#alarmClock.armBy(nextTicket);
    } catch (error) {
      logFailure('live_alarm_failed', error);
      this.#alarmClock.armBy(Date.now() + ALARM_AFTER_ACCIDENT);
    }
  }

  #open(webSocket: WebSocket, owner: SocketOwner, awakeUntil: number): void {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      if (!this.#isMade) makeTables(this.#sql, owner.kind === 'user' ? owner.organization_id : null, now);
      setLeftAt(this.#sql, null);
      setAwakeUntil(this.#sql, awakeUntil);
    });
    this.#isMade = true;
    const socket = this.#sockets.open(webSocket, owner, now);
    const { head } = this.#log.range();
    socket.send(welcomeFrame(head, now), null, now);
    socket.save(head);
    this.#alarmClock.armBy(endsAt(this.#timesOf(socket)));
  }

  /**
   * Makes threads publish to this organization's hub for some days. Answers until when (ms); a visitor's hub always
   * gets updates. Rejects when D1 cannot be written.
   */
  async #keepAwake(organizationId: string | null): Promise<number> {
    if (organizationId === null) return 0;
    const now = Date.now();
    const until = this.#isMade ? readHub(this.#sql).awake_until : 0;
    if (until - now > RENEW_BEFORE) return until;
    // Sockets that open at the same time share the call.
    this.#renewing ??= this.#tellAwake(organizationId, now).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #tellAwake(organizationId: string, now: number): Promise<number> {
    const identity = openIdentityDatabase(this.env, noCost());
    const since = await keepHubAwake(identity, organizationId, now, now + AWAKE_FOR);
    const asksAt = askThreadsAt(since, cacheTimeToLive(this.env));
    if (asksAt > now) this.#timers.set(ASK_THREADS, asksAt);
    return now + AWAKE_FOR;
  }

  /** Renews the entry in D1 in time, while there are sockets. */
  async #renew(): Promise<void> {
    const { left_at, organization_id } = readHub(this.#sql);
    // The last socket has left. A timer that stayed due would ring forever.
    if (left_at !== null) this.#timers.clear(RENEW);
    if (left_at !== null || this.#timers.isBackingOff(RENEW)) return;
    try {
      setAwakeUntil(this.#sql, await this.#keepAwake(organization_id));
      this.#timers.clear(RENEW);
    } catch (error) {
      logFailure('live_hub_not_awake', error);
      this.#timers.fail(RENEW);
    }
  }

  #timesOf(socket: LiveSocket): SocketTimes {
    const { expires_at } = socket.owner;
    return { expires_at, heard_at: this.#sockets.heardAt(socket), full_since: socket.state.full_since };
  }

  /** Arms the alarm for what is due next, and not earlier: each ring of an idle hub costs. */
  #armForNext(): void {
    const hub = readHub(this.#sql);
    const isListed = hub.left_at === null && hub.organization_id !== null;
    const times = [prunesAt(oldestLoggedAt(this.#sql), hub.pruned_at), this.#timers.next()];
    times.push(forgottenAt(hub, this.#log.range()));
    if (isListed && !this.#timers.isBackingOff(RENEW)) times.push(hub.awake_until - RENEW_BEFORE);
    for (const socket of this.#sockets.all()) times.push(endsAt(this.#timesOf(socket)));
    const next = Math.min(...times.filter((at) => at !== null));
    // Waits a second at least, or something that stays due would ring without end.
    this.#alarmClock.armBy(Math.max(next, Date.now() + 1000));
  }

  #makeTimers(): Timers {
    return new Timers({
      sql: this.#sql,
      now: () => Date.now(),
      random: Math.random,
      armBy: (at) => this.#alarmClock.armBy(at),
    });
  }

  #close(socket: LiveSocket, closeReason: CloseReason): void {
    socket.close(closeReason);
    this.#forget(socket.webSocket);
  }

  #forget(webSocket: object): void {
    if (!this.#isMade) return;
    this.#sockets.remove(webSocket);
    if (this.#sockets.size() > 0) return;
    setLeftAt(this.#sql, Date.now());
    this.#armForNext();
  }

  /** Deletes everything: nobody can resume any more. The next socket makes new tables, with higher numbers. */
  async #forgetAll(): Promise<void> {
    this.#isMade = false;
    this.#log.reload();
    try {
      await this.ctx.storage.deleteAll();
    } finally {
      this.#isMade = hasTables(this.#sql);
      this.#timers = this.#makeTimers();
    }
  }
}

/** What a client of a user carries; null when there is none. Rejects when their object does not answer in time. */
async function channelsOfClient(env: Env, userId: string, clientId: string): Promise<readonly string[] | null> {
  const clients = await withinTime(
    askUser(env, noCost(), userId, (stub) => stub.listClients({ v: 1 })),
    LOOK_UP_TIMEOUT,
  );
  if (clients === null) throw new Error('the object of the user did not answer in time');
  const client = clients.find(({ id }) => id === clientId);
  return client === undefined ? null : (client.subscribed_channels ?? []);
}

function logFailure(event: string, error: unknown): void {
  writeLog('error', event, { error: errorText(error) });
}
