import { DurableObject } from 'cloudflare:workers';
import { Hono } from 'hono';

type FloorEnv = { RECEIVER: string; FLOORS: DurableObjectNamespace<FloorObject> };

const TABLE = `CREATE TABLE IF NOT EXISTS floor (id TEXT PRIMARY KEY, body TEXT NOT NULL, is_delivered INTEGER NOT NULL)
  STRICT, WITHOUT ROWID`;
const INSERT = 'INSERT INTO floor (id, body, is_delivered) VALUES (?, ?, 0)';
const UPDATE = 'UPDATE floor SET is_delivered = 1 WHERE id = ?';
const BODY = 'The same few words that a message of the benchmark has.';

export class FloorObject extends DurableObject<FloorEnv> {
  #hasTable = false;

  touch(): number {
    return 1;
  }

  /** Writes one row; a new object makes its table in the same transaction. */
  insert(): string {
    const id = crypto.randomUUID();
    if (!this.#hasTable) this.ctx.storage.sql.exec(TABLE);
    this.#hasTable = true;
    this.ctx.storage.sql.exec(INSERT, id, BODY);
    return id;
  }

  delivered(id: string): number {
    return this.ctx.storage.sql.exec(UPDATE, id).rowsWritten;
  }
}

const app = new Hono<{ Bindings: FloorEnv }>();

app.post('/empty', (c) => c.json({}));

app.post('/object/:name', async (c) => {
  await c.env.FLOORS.getByName(c.req.param('name')).touch();
  return c.json({});
});

app.post('/object-insert/:name', async (c) => {
  await c.env.FLOORS.getByName(c.req.param('name')).insert();
  return c.json({});
});

/** A message with its webhook: answered after the insert. The webhook and its outcome follow the answer. */
app.post('/webhook/:name', async (c) => {
  const object = c.env.FLOORS.getByName(c.req.param('name'));
  const body = await c.req.text();
  const id = await object.insert();
  async function deliver(): Promise<void> {
    const response = await fetch(c.env.RECEIVER, { method: 'POST', body });
    await response.text();
    await object.delivered(id);
  }
  c.executionCtx.waitUntil(deliver());
  return c.json({});
});

export default app;
