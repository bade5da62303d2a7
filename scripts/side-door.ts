import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { projectPath } from './project.ts';
import type { WorkerOptions } from './worker-build.ts';

export type SqlResult = { results: Record<string, unknown>[] };

/** A statement of a `SideDatabase`, as D1's own. */
export type SideStatement = {
  sql: string;
  values: readonly unknown[];
  bind(...values: unknown[]): SideStatement;
  run(): Promise<SqlResult>;
};

/** The part of a D1 database that is needed outside the runtime. Rejects with D1's message. */
export type SideDatabase = {
  prepare(sql: string): SideStatement;
  /** All or nothing, in one transaction. */
  batch(statements: readonly SideStatement[]): Promise<SqlResult[]>;
};

/** Access to a Worker's databases and objects that never blocks this process, which must read the runtime's output. */
export type SideDoor = {
  database(binding: string): SideDatabase;
  /** Calls a method of a Durable Object with one JSON argument. Rejects with the object's message. */
  callObject(binding: string, name: string, method: string, argument: unknown): Promise<unknown>;
};

export const SIDE_DOOR = 'side-door';

/** The side door's Worker for Miniflare, and its secret. `of` is absent when there are only databases. */
export function sideDoorWorker(options: WorkerOptions, of?: string) {
  const secret = randomUUID();
  const objects = of === undefined ? {} : (options.durableObjects ?? {});
  return {
    secret,
    worker: {
      name: SIDE_DOOR,
      compatibilityDate: '2026-11-01',
      modules: true,
      script: readFileSync(projectPath('scripts/side-door-worker.js'), 'utf8'),
      bindings: { SECRET: secret },
      d1Databases: options.d1Databases,
      durableObjects: Object.fromEntries(
        Object.entries(objects).map(([binding, object]) => [binding, { ...object, scriptName: of }]),
      ),
      unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    },
  };
}

/** Opens the side door at the URL of `sideDoorWorker`'s Worker. */
export function openSideDoor(url: string, secret: string): SideDoor {
  async function ask(body: unknown): Promise<unknown> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { Authorization: secret },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`side door: ${response.status} ${await response.text()}`);
    return await response.json();
  }
  return {
    database(binding) {
      const batch = async (statements: readonly SideStatement[]): Promise<SqlResult[]> =>
        (await ask({ database: binding, statements })) as SqlResult[];
      const statement = (sql: string, values: readonly unknown[]): SideStatement => ({
        sql,
        values,
        bind: (...bound) => statement(sql, bound),
        async run() {
          const [result] = await batch([statement(sql, values)]);
          return result ?? { results: [] };
        },
      });
      return { prepare: (sql) => statement(sql, []), batch };
    },
    callObject: (binding, name, method, argument) => ask({ object: { binding, name, method, argument } }),
  };
}
