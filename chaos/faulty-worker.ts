/**
 * The hub with faults: its databases, its queue and its alarms can fail. The deployed Worker (src/index.ts) contains
 * nothing of this. `CHAOS` chooses: `queue` loses and repeats wake-ups, `alarms` never ring. D1 fails on request.
 */
import hub, {
  LiveHub as RealLiveHub,
  ProjectorObject as RealProjectorObject,
  ThreadObject as RealThreadObject,
  UserObject as RealUserObject,
} from '../src/index.ts';

type ChaosEnv = Env & { CHAOS?: string };

const LOST = 0.3;
const DOUBLED = 0.3;

/** In the local runtime, handlers and objects of a Worker share an isolate, and so this variable. */
let isDatabaseDown = false;

function failing<Values extends unknown[], Answer>(call: (...values: Values) => Promise<Answer>) {
  return async (...values: Values): Promise<Answer> => {
    if (isDatabaseDown) throw new Error('D1_ERROR: Network connection lost.');
    return await call(...values);
  };
}

/** The statement itself, because a batch accepts no other. Only its own calls fail. */
function failingStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const bind = statement.bind.bind(statement);
  return Object.assign(statement, {
    bind: (...values: unknown[]) => failingStatement(bind(...values)),
    all: failing(statement.all.bind(statement)),
    first: failing(statement.first.bind(statement) as () => Promise<unknown>),
    run: failing(statement.run.bind(statement)),
    raw: failing(statement.raw.bind(statement) as () => Promise<unknown[]>),
  });
}

function failingDatabase(database: D1Database) {
  return {
    prepare: (sql: string) => failingStatement(database.prepare(sql)),
    batch: failing(database.batch.bind(database)),
  };
}

function lossyQueue(queue: Queue) {
  return {
    async send(body: unknown, options?: QueueSendOptions): Promise<void> {
      const chance = Math.random();
      if (chance < LOST) return;
      await queue.send(body, options);
      if (chance < LOST + DOUBLED) await queue.send(body, options);
    },
    async sendBatch(messages: Iterable<MessageSendRequest>): Promise<void> {
      const kept = [...messages].flatMap((message) => {
        const chance = Math.random();
        return chance < LOST ? [] : chance < LOST + DOUBLED ? [message, message] : [message];
      });
      if (kept.length > 0) await queue.sendBatch(kept);
    },
  };
}

function isDatabase(binding: unknown): binding is D1Database {
  return typeof binding === 'object' && binding !== null && 'prepare' in binding && !('fetch' in binding);
}

const wrapped = new WeakMap<Env, Env>();

function faultyEnv(env: ChaosEnv): Env {
  const known = wrapped.get(env);
  if (known !== undefined) return known;
  const bindings = Object.entries(env as unknown as Record<string, unknown>).map(([name, binding]) => [
    name,
    isDatabase(binding) ? failingDatabase(binding) : binding,
  ]);
  const faulty = { ...Object.fromEntries(bindings) } as Env;
  if (env.CHAOS === 'queue') Object.assign(faulty, { WEBHOOKS: lossyQueue(env.WEBHOOKS) });
  wrapped.set(env, faulty);
  return faulty;
}

/** An alarm that is set and never rings, as if the platform had dropped it. */
function dropAlarms(context: DurableObjectState, env: ChaosEnv): DurableObjectState {
  if (env.CHAOS !== 'alarms') return context;
  let alarm: number | null = null;
  Object.assign(context.storage, {
    setAlarm: async (at: number | Date) => {
      alarm = Number(at);
    },
    getAlarm: async () => alarm,
    deleteAlarm: async () => {
      alarm = null;
    },
  });
  return context;
}

export class ThreadObject extends RealThreadObject {
  constructor(context: DurableObjectState, env: ChaosEnv) {
    super(dropAlarms(context, env), faultyEnv(env));
  }
}

export class ProjectorObject extends RealProjectorObject {
  constructor(context: DurableObjectState, env: ChaosEnv) {
    super(dropAlarms(context, env), faultyEnv(env));
  }
}

export class UserObject extends RealUserObject {
  constructor(context: DurableObjectState, env: ChaosEnv) {
    super(dropAlarms(context, env), faultyEnv(env));
  }
}

export class LiveHub extends RealLiveHub {
  constructor(context: DurableObjectState, env: ChaosEnv) {
    super(dropAlarms(context, env), faultyEnv(env));
  }
}

export default {
  fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === '/chaos/d1-down') isDatabaseDown = true;
    else if (pathname === '/chaos/d1-up') isDatabaseDown = false;
    else return hub.fetch(request, faultyEnv(env), context);
    return new Response(null, { status: 204 });
  },
  queue: (batch, env, context) => hub.queue(batch, faultyEnv(env), context),
  scheduled: (controller, env) => hub.scheduled(controller, faultyEnv(env)),
} satisfies ExportedHandler<ChaosEnv>;
