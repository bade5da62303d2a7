import type { AppMiddleware } from './app-environment.ts';

/**
 * Takes empty query parameters (`?cursor=&is_ended=`) as absent: clients fill a template with what they have. The validator reads
 * a query by `queries()`. `defineRoute` puts it into every route that declares a query.
 */
export const dropEmptyParameters: AppMiddleware = async (c, next) => {
  const given = Object.entries(c.req.queries()).map(([name, values]) => [name, values.filter((value) => value !== '')]);
  const kept = Object.fromEntries(given.filter(([, values]) => values?.length !== 0));
  c.req.queries = (() => kept) as typeof c.req.queries;
  await next();
};
