import { expect, test } from 'vitest';
import { liveHubStub } from '../../../src/rpc/live-hub.ts';
import { projectorStub } from '../../../src/rpc/projector.ts';
import { threadStub, threadStubById } from '../../../src/rpc/thread.ts';
import { userStub, visitorStub } from '../../../src/rpc/user.ts';

/** A namespace whose stubs say from which jurisdiction they are. */
function namespace(of: string): unknown {
  return {
    getByName: () => of,
    idFromString: (id: string) => id,
    get: () => of,
    jurisdiction: (name: string) => namespace(name),
  };
}

/** From where every kind of stub comes. */
function placesOf(jurisdiction?: DurableObjectJurisdiction): unknown[] {
  const [THREADS, USERS, LIVE, PROJECTORS] = Array.from({ length: 4 }, () => namespace('anywhere'));
  const variables = jurisdiction === undefined ? {} : { JURISDICTION: jurisdiction };
  const env = { THREADS, USERS, LIVE, PROJECTORS, PROJECTOR_COUNT: '4', ...variables } as unknown as Env;
  return [
    threadStub(env, '0'.repeat(19)),
    threadStubById(env, '0'.repeat(64)),
    userStub(env, 'user'),
    visitorStub(env, 'visitor'),
    liveHubStub(env, 'organization/o'),
    projectorStub(env, 'DB', '0'.repeat(19)),
  ];
}

test('every object is in the jurisdiction of the deployment, if it has one', () => {
  expect(new Set(placesOf('eu'))).toEqual(new Set(['eu']));
  expect(new Set(placesOf())).toEqual(new Set(['anywhere']));
  // An empty variable is none.
  expect(new Set(placesOf('' as DurableObjectJurisdiction))).toEqual(new Set(['anywhere']));
});
