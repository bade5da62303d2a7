import { DurableObject } from 'cloudflare:workers';
import { purgeAudience } from '../audience/load-audience.ts';
import { noCost } from '../db/cost.ts';
import { db } from '../db/database.ts';
import { keepHubAwake } from '../directory/subscriptions.ts';
import { cacheTimeToLive } from '../isolate-cache.ts';
import { errorText, writeLog } from '../log.ts';
import type { LiveHubStub } from '../stubs.ts';
import { Distributor } from './distributor.ts';
import type { Ending } from './endings.ts';
import {
  AWAKE_FOR,
  endingAt,
  isForgotten,
  MOST_OF_HUB,
  MOST_OF_OWNER,
  nextLook,
  PRUNE_EVERY,
  RENEW_BEFORE,
} from './endurance.ts';
import type { Aside, Fed, Feed } from './feed.ts';
import { FrameServer } from './frame-server.ts';
import { hubFrame } from './hub-frames.ts';
import { HubLog } from './hub-log.ts';
import type { LiveSocket } from './live-socket.ts';
import { KEEP_EVENTS, KEEP_FOR, unseenOf } from './log-rules.ts';
import { Rights } from './rights.ts';
import { rightsInDatabase } from './rights-source.ts';
import { ownerId, PROTOCOL, readOpeningRequest, type SocketOwner } from './socket-owner.ts';
import { Sockets } from './sockets.ts';
import { deleteBefore, hasTables, makeTables, readHub, seenOf, setAwakeUntil, setLeftAt } from './store.ts';

/** Rights that could not be looked up are tried again so much later (ms). */
const RETRY_AFTER = 5000;
/** After an accident in the alarm it rings again so much later (ms). */
const ALARM_AFTER_ACCIDENT = 60_000;

/**
 * The live hub of an organization's users, or of a visitor (ENGINE 6). It numbers the events that threads feed it, keeps them for a while
 * and serves its sockets from there. It sleeps while its sockets are silent; what it must know again is in rows and in their attachments.
 */
export class LiveHub extends DurableObject<Env> implements LiveHubStub {
  readonly #sql: SqlStorage;
  readonly #log: HubLog;
  readonly #sockets: Sockets;
  readonly #distributor: Distributor;
  readonly #server: FrameServer;
  #isMade: boolean;
  #armedAt: number | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#isMade = hasTables(this.#sql);
    this.#log = new HubLog(this.#sql);
    this.#sockets = new Sockets(ctx, () => this.#log.extent().head);
    const rights = new Rights(
      rightsInDatabase(env),
      () => cacheTimeToLive(this.env),
      () => Date.now(),
    );
    const common = {
      extent: () => this.#log.extent(),
      rights,
      end: (socket: LiveSocket, ending: Ending) => this.#end(socket, ending),
      now: () => Date.now(),
    };
    this.#distributor = new Distributor({
      ...common,
      sockets: () => this.#sockets.all(),
      eventsAfter: (number, limit) => this.#log.after(number, limit),
      retryLater: () => this.#armBy(Date.now() + RETRY_AFTER),
      breathe: () => scheduler.wait(0),
    });
    this.#server = new FrameServer({
      ...common,
      keep: (socket, added) => this.#sockets.keepSubscriptions(socket, added),
      drop: (socket, texts) => this.#sockets.dropSubscriptions(socket, texts),
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
    ctx.blockConcurrencyWhile(async () => {
      this.#armedAt = await ctx.storage.getAlarm();
    });
  }

  /** Opens a socket: 101, or 429 when there are too many, or 503 when D1 cannot be told that this hub listens. */
  override async fetch(request: Request): Promise<Response> {
    const opening = readOpeningRequest(request);
    if (opening === null) return new Response(null, { status: 426 });
    const { owner, speaks } = opening;
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
    const [client, wire] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#open(wire, owner, awakeUntil);
    const headers: HeadersInit = speaks ? { 'Sec-WebSocket-Protocol': PROTOCOL } : {};
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  async feed({ v, thread, entries }: Feed): Promise<Fed> {
    if (v !== 1) return { ok: false, reason: 'newer_version' };
    if (!this.#isMade) return { ok: true };
    // Sockets that were asleep stand at the log's end as it is before this.
    this.#sockets.wake();
    const now = Date.now();
    const unseen = unseenOf(entries, seenOf(this.#sql, thread), now);
    if (unseen.length === 0) return { ok: true };
    this.ctx.storage.transactionSync(() => this.#log.append(thread, unseen, now, KEEP_EVENTS));
    await this.#distributor.run();
    return { ok: true };
  }

  async mention({ v, told }: Aside): Promise<void> {
    if (v === 1 && this.#isMade) await this.#distributor.mention(told);
  }

  override async webSocketMessage(wire: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const socket = this.#isMade ? this.#sockets.of(wire) : null;
    if (socket === null) return;
    await this.#server.receive(socket, data);
    await this.#distributor.run();
  }

  override async webSocketClose(wire: WebSocket): Promise<void> {
    // Some clients wait for the answer.
    if (wire.readyState !== WebSocket.CLOSED) wire.close(1000);
    this.#forget(wire);
  }

  override async webSocketError(wire: WebSocket): Promise<void> {
    this.#forget(wire);
  }

  /** Looks at the sockets and the log; harmless if it rings twice. It never throws: the platform forgets an alarm after six failures. */
  override async alarm(): Promise<void> {
    this.#armedAt = null;
    if (!this.#isMade) return;
    try {
      const now = Date.now();
      for (const socket of this.#sockets.all()) {
        const { expires_at } = socket.owner;
        const heard_at = this.#sockets.heardAt(socket);
        const ending = endingAt({ expires_at, heard_at, full_since: socket.state.full_since }, now);
        if (ending !== null) this.#end(socket, ending);
      }
      // A hub that crashed has lost its sockets without a word.
      if (this.#sockets.size() === 0) setLeftAt(this.#sql, readHub(this.#sql).left_at ?? now);
      const { left_at, pruned_at, organization_id } = readHub(this.#sql);
      if (isForgotten(left_at, now)) {
        await this.#forgetAll();
        return;
      }
      if (now - pruned_at >= PRUNE_EVERY) {
        this.ctx.storage.transactionSync(() => deleteBefore(this.#sql, now - KEEP_FOR, now));
        this.#log.reload();
      }
      this.#armBy(nextLook(left_at, now));
      await this.#distributor.run();
      if (left_at === null) setAwakeUntil(this.#sql, await this.#keepAwake(organization_id));
    } catch (error) {
      logFailure('live_alarm_failed', error);
      this.#armBy(Date.now() + ALARM_AFTER_ACCIDENT);
    }
  }

  #open(wire: WebSocket, owner: SocketOwner, awakeUntil: number): void {
    const now = Date.now();
    this.ctx.storage.transactionSync(() => {
      if (!this.#isMade) makeTables(this.#sql, owner.kind === 'user' ? owner.organization_id : null, now);
      setLeftAt(this.#sql, null);
      setAwakeUntil(this.#sql, awakeUntil);
    });
    this.#isMade = true;
    const socket = this.#sockets.open(wire, owner, now);
    const { head } = this.#log.extent();
    socket.send(hubFrame({ type: 'welcome', number: head }), now);
    socket.save(head);
    this.#armBy(nextLook(null, now));
  }

  /**
   * Has threads tell this organization's hub for the days to come, and answers until when (ms); a visitor's is told always. Rejects when D1
   * does not take it.
   */
  async #keepAwake(organizationId: string | null): Promise<number> {
    if (organizationId === null) return 0;
    const now = Date.now();
    const until = this.#isMade ? readHub(this.#sql).awake_until : 0;
    if (until - now > RENEW_BEFORE) return until;
    await keepHubAwake(db(this.env, null, noCost()), organizationId, now, now + AWAKE_FOR);
    purgeAudience();
    return now + AWAKE_FOR;
  }

  #end(socket: LiveSocket, ending: Ending): void {
    socket.close(ending);
    this.#forget(socket.wire);
  }

  #forget(wire: object): void {
    if (!this.#isMade) return;
    this.#sockets.remove(wire);
    if (this.#sockets.size() > 0) return;
    const now = Date.now();
    setLeftAt(this.#sql, now);
    this.#armBy(nextLook(now, now));
  }

  /** Nobody can resume any more. The next socket makes everything anew, with higher numbers. */
  async #forgetAll(): Promise<void> {
    this.#isMade = false;
    this.#log.reload();
    await this.ctx.storage.deleteAll();
  }

  /** Makes the alarm ring at `at` (ms) at the latest. */
  #armBy(at: number): void {
    if (this.#armedAt !== null && this.#armedAt <= at) return;
    this.#armedAt = at;
    const armed = this.ctx.storage.setAlarm(at).catch((error) => {
      if (this.#armedAt === at) this.#armedAt = null;
      logFailure('arm_failed', error);
    });
    this.ctx.waitUntil(armed);
  }
}

function logFailure(event: string, error: unknown): void {
  writeLog('error', event, { error: errorText(error) });
}
