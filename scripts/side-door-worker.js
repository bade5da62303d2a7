/**
 * A Worker beside the one under test, in the same runtime, that gives access to its databases and objects over HTTP.
 * Tests, benchmarks and migrations use it through side-door.ts. A deployed hub has none.
 */
export default {
  async fetch(request, env) {
    if (request.headers.get('Authorization') !== env.SECRET) return new Response(null, { status: 403 });
    const { database, statements, object } = await request.json();
    try {
      if (database !== undefined) {
        const prepared = statements.map(({ sql, values }) => env[database].prepare(sql).bind(...values));
        return Response.json(await env[database].batch(prepared));
      }
      const stub = env[object.binding].getByName(object.name);
      return Response.json((await stub[object.method](object.argument)) ?? null);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
