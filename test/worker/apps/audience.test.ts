import { expect, it } from 'vitest';
import { loadAudience } from '../../../src/audience/load-audience.ts';
import { noCost } from '../../../src/db/cost.ts';
import { testEnv } from '../http/hub.ts';
import { enrollManager } from './registry.ts';
import { installedApp } from './told.ts';

it('who listens does not depend on the order of those whom a thread concerns: a thread stores what is new', async () => {
  const managers = [await enrollManager(), await enrollManager(), await enrollManager()];
  for (const manager of managers) await installedApp(manager, ['/orgs/{organization_id}/owned_chats']);
  const ids = managers.map(({ organization_id }) => organization_id);
  const audienceOf = (organization_ids: string[]) =>
    loadAudience(testEnv, noCost(), { organization_ids, room_ids: [], database: 'DB' });
  const audience = await audienceOf(ids);
  expect(audience.installations).toHaveLength(3);
  expect(JSON.stringify(await audienceOf([...ids].reverse()))).toBe(JSON.stringify(audience));
});
