import { beforeAll, expect, it } from 'vitest';
import { addressOf, fill, type Names, OPERATIONS } from '../../support/worker/chat-operations.ts';
import { enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { call, type Person } from '../../support/worker/requests.ts';

let owner: Person;
let names: Names;

beforeAll(async () => {
  const org = await TestOrganization.open();
  owner = await enrollAgent(org.organizationId, {}, ['settings', 'reports', 'users']);
  names = await fill(org, owner);
});

/** The status of a GET, and its body without the addresses of other pages, which repeat the path. */
async function read(path: string) {
  const { status, json } = await call(path, { authorization: `Bearer ${owner.token}` });
  const { next: _, previous: __, ...body } = json;
  return { status, body };
}

it.each(OPERATIONS.filter(({ method }) => method === 'GET'))(
  'GET $path is the same with ids in upper case',
  async (operation) => {
    const ids = Object.entries(names).filter(([name]) => name.endsWith('_id'));
    const upper = Object.fromEntries(ids.map(([name, id]) => [name, id.toUpperCase()]));
    const lower = await read(addressOf(operation, names));
    expect(await read(addressOf(operation, { ...names, ...upper }))).toEqual(lower);
  },
);
