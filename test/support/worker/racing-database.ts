import { testEnv } from './requests.ts';

/** The database DB, in which something else happens just before each transaction of several statements. */
export function databaseIn(meanwhile: () => Promise<void>): D1Database {
  const batch = async (statements: D1PreparedStatement[]) => {
    await meanwhile();
    return testEnv.DB.batch(statements);
  };
  return { prepare: testEnv.DB.prepare.bind(testEnv.DB), batch } as unknown as D1Database;
}
