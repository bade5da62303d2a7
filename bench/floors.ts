import { DurableObject } from 'cloudflare:workers';
import { Hono } from 'hono';

type FloorEnv = { DB: D1Database; FLOORS: DurableObjectNamespace<FloorObject> };

const TABLE = 'CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID';
const INSERT = 'INSERT INTO floor (id, body) VALUES (?, ?)';
const BODY = 'The same few words that a message of the benchmark has.';

export class FloorObject extends DurableObject<FloorEnv> {
  constructor(state: DurableObjectState, env: FloorEnv) {
    super(state, env);
    state.storage.sql.exec(TABLE);
  }

  touch(): number {
    return 1;
  }

  insert(): number {
    return this.ctx.storage.sql.exec(INSERT, crypto.randomUUID(), BODY).rowsWritten;
  }
}

const app = new Hono<{ Bindings: FloorEnv }>();

app.post('/set-up', async (c) => {
  await c.env.DB.prepare(TABLE).run();
  return c.json({});
});

app.post('/empty', (c) => c.json({}));

app.post('/object/:thread', async (c) => {
  await c.env.FLOORS.getByName(c.req.param('thread')).touch();
  return c.json({});
});

app.post('/object-insert/:thread', async (c) => {
  await c.env.FLOORS.getByName(c.req.param('thread')).insert();
  return c.json({});
});

app.post('/object-d1/:thread', async (c) => {
  await c.env.FLOORS.getByName(c.req.param('thread')).touch();
  await c.env.DB.prepare(INSERT).bind(crypto.randomUUID(), BODY).run();
  return c.json({});
});

export default app;
