const WRITES = /^\s*(INSERT|UPDATE|DELETE|REPLACE)\b/i;

/** A D1 binding that does what it is asked, and fails whenever that was a write: the answer is lost on its way. */
export function losesAnswersOfWrites(d1: D1Database): D1Database {
  /** The statement that D1 knows, by the one that was handed out. */
  const statements = new WeakMap<object, { statement: D1PreparedStatement; isWrite: boolean }>();

  function wrap(statement: D1PreparedStatement, isWrite: boolean): D1PreparedStatement {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values), isWrite),
      async run() {
        const result = await statement.run();
        if (isWrite) throw lost();
        return result;
      },
    };
    statements.set(wrapped, { statement, isWrite });
    return wrapped as unknown as D1PreparedStatement;
  }

  return {
    prepare: (sql: string) => wrap(d1.prepare(sql), WRITES.test(sql)),
    async batch(wrapped: D1PreparedStatement[]) {
      const known = wrapped.map((statement) => statements.get(statement));
      const results = await d1.batch(known.flatMap((entry) => (entry === undefined ? [] : [entry.statement])));
      if (known.some((entry) => entry?.isWrite)) throw lost();
      return results;
    },
  } as unknown as D1Database;
}

function lost(): Error {
  return new Error('D1_ERROR: Network connection lost.');
}
