/**
 * The hub with counters for everything that Cloudflare counts. There is only one isolate, so there is one set of
 * counters.
 */
import worker, {
  LiveHub as Hub,
  ProjectorObject as Projector,
  ThreadObject as Thread,
  UserObject as User,
} from '../src/index.ts';
import { COUNTS_PATH, type Counts, noCounts, ROWS_OF_A_FOLD } from './counts.ts';

let counts: Counts = noCounts();

function add(counted: { [name: string]: number }, name: string, count = 1): void {
  counted[name] = (counted[name] ?? 0) + count;
}

/** Counted bindings of one environment. They are kept, because the hub remembers values by their binding. */
const environments = new WeakMap<object, Env>();

function countedEnv(env: Env, caller: string): Env {
  const known = environments.get(env);
  if (known !== undefined) return known;
  const bindings = Object.entries(env).map(([name, binding]) => [name, countedBinding(binding, `${caller} ${name}`)]);
  const counted = Object.fromEntries(bindings) as Env;
  environments.set(env, counted);
  return counted;
}

function countedBinding(binding: unknown, name: string): unknown {
  if (typeof binding !== 'object' || binding === null) return binding;
  if ('idFromName' in binding) return countedNamespace(binding, name);
  if ('sendBatch' in binding) return countedQueue(binding as Queue);
  if ('prepare' in binding) return countedDatabase(binding as D1Database);
  // No message here has a file.
  if ('createMultipartUpload' in binding) return binding;
  // A limit by address costs nothing that is counted.
  if ('limit' in binding) return binding;
  throw new Error(`no counter for ${name}`);
}

/**
 * The row that counts an organization's stored bytes. It comes at random, once for 100,000 bytes on average, so it would
 * blur the counts of a single message.
 */
const COUNTS_STORED_BYTES = /\bSET stored_bytes\b/;

/** The part of a database that the hub uses (src/db). */
function countedDatabase(database: D1Database): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  function note(results: readonly D1Result[]): void {
    counts.d1.trips += 1;
    let written = 0;
    for (const { meta } of results) {
      counts.d1.rowsRead += meta.rows_read;
      written += meta.rows_written;
    }
    counts.d1.rowsWritten += written;
    if (written > 0) counts.d1.tripsThatWrote += 1;
  }
  function counted(statement: D1PreparedStatement): D1PreparedStatement {
    const wrapped = {
      bind: (...values: unknown[]) => counted(statement.bind(...values)),
      async run<Row>() {
        const result = await statement.run<Row>();
        note([result]);
        return result;
      },
    } as D1PreparedStatement;
    originals.set(wrapped, statement);
    return wrapped;
  }
  return {
    prepare: (sql: string) => (COUNTS_STORED_BYTES.test(sql) ? database.prepare(sql) : counted(database.prepare(sql))),
    async batch<Row>(statements: D1PreparedStatement[]) {
      const results = await database.batch<Row>(statements.map((one) => originals.get(one) ?? one));
      note(results);
      return results;
    },
  } as D1Database;
}

/** A namespace whose stubs count each call by its method. */
function countedNamespace(namespace: object, name: string): object {
  return new Proxy(namespace, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      const call = (...values: unknown[]): unknown => Reflect.apply(member, target, values);
      if (property !== 'getByName' && property !== 'get') return call;
      return (...values: unknown[]) => countedStub(call(...values) as object, name);
    },
  });
}

function countedStub(stub: object, name: string): object {
  return new Proxy(stub, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property);
      if (typeof member !== 'function') return member;
      return (...values: unknown[]) => {
        add(counts.calls, `${name}.${String(property)}`);
        return Reflect.apply(member, target, values);
      };
    },
  });
}

function countedQueue<Body>(queue: Queue<Body>): Queue<Body> {
  return {
    send(message: Body, options?: QueueSendOptions) {
      counts.queue.written += 1;
      return queue.send(message, options);
    },
    sendBatch(messages: Iterable<MessageSendRequest<Body>>, options?: QueueSendBatchOptions) {
      const all = [...messages];
      counts.queue.written += all.length;
      return queue.sendBatch(all, options);
    },
  } as Queue<Body>;
}

/** A message is read each time it is delivered; acknowledging deletes it. */
function countedBatch(batch: MessageBatch): MessageBatch {
  counts.workerRequests += 1;
  counts.queue.read += batch.messages.length;
  const messages = batch.messages.map((message) => ({
    id: message.id,
    timestamp: message.timestamp,
    body: message.body,
    attempts: message.attempts,
    ack() {
      counts.queue.deleted += 1;
      message.ack();
    },
    retry: (options?: QueueRetryOptions) => message.retry(options),
  }));
  return { ...batch, queue: batch.queue, messages } as MessageBatch;
}

/**
 * Counts the rows of an object's storage. The rows of a cursor are known once it was read, which the hub does before it
 * awaits anything.
 */
function countedState(state: DurableObjectState, name: string): DurableObjectState {
  const { storage } = state;
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  sql.exec = <Row extends Record<string, SqlStorageValue>>(query: string, ...values: unknown[]) => {
    const cursor = exec<Row>(query, ...values);
    queueMicrotask(() => {
      add(counts.objectRowsRead, name, cursor.rowsRead);
      add(counts.objectRowsWritten, name, cursor.rowsWritten);
      const isWhole = name === 'threads' && /\bevent FROM events\b/.test(query);
      if (isWhole && cursor.rowsRead >= ROWS_OF_A_FOLD) counts.logReplays += 1;
    });
    return cursor;
  };
  const setAlarm = storage.setAlarm.bind(storage);
  storage.setAlarm = (at, options) => {
    add(counts.objectRowsWritten, `${name}' alarms`);
    return setAlarm(at, options);
  };
  return state;
}

export class ThreadObject extends Thread {
  constructor(state: DurableObjectState, env: Env) {
    super(countedState(state, 'threads'), countedEnv(env, 'thread'));
  }

  override async alarm(): Promise<void> {
    add(counts.alarms, 'threads');
    await super.alarm();
  }
}

export class ProjectorObject extends Projector {
  constructor(state: DurableObjectState, env: Env) {
    super(countedState(state, 'projectors'), countedEnv(env, 'projector'));
  }
}

export class UserObject extends User {
  constructor(state: DurableObjectState, env: Env) {
    super(countedState(state, 'users'), countedEnv(env, 'user'));
  }

  override async alarm(): Promise<void> {
    add(counts.alarms, 'users');
    await super.alarm();
  }
}

export class LiveHub extends Hub {
  constructor(state: DurableObjectState, env: Env) {
    super(countedState(state, 'hubs'), countedEnv(env, 'hub'));
  }

  override async alarm(): Promise<void> {
    add(counts.alarms, 'hubs');
    await super.alarm();
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    counts.socketMessages += 1;
    await super.webSocketMessage(socket, data);
  }
}

export default {
  fetch(request, env, context) {
    if (new URL(request.url).pathname === COUNTS_PATH) {
      const counted = counts;
      counts = noCounts();
      return Response.json(counted);
    }
    counts.workerRequests += 1;
    return worker.fetch(request, countedEnv(env, 'worker'), context);
  },
  queue: (batch, env, context) => worker.queue(countedBatch(batch), countedEnv(env, 'worker'), context),
  scheduled: (controller, env) => worker.scheduled(controller, countedEnv(env, 'worker')),
} satisfies ExportedHandler<Env>;
