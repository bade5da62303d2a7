import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect, it } from 'vitest';
import { forget } from '../../../src/directory/changes.ts';
import { threadNameOfChat } from '../../../src/domain/address.ts';
import { type Command, newCommandId } from '../../../src/domain/commands.ts';
import type { UserFacts } from '../../../src/resources/user.ts';
import type { ThreadObject } from '../../../src/thread/thread-object.ts';
import { ALL_SCOPES } from '../../support/worker/apps.ts';
import { acceptedFor, installedApp } from '../../support/worker/installed-app.ts';
import { enrollAgent, TestOrganization } from '../../support/worker/organization.ts';
import { Site } from '../../support/worker/visitor-site.ts';

it('an app is sent a message that waits for its audience when the app’s user joins meanwhile', async () => {
  const site = await Site.open();
  const visitor = await site.visitor();
  const chatId = await site.chat(visitor);
  const partner = await TestOrganization.open();
  const manager = await enrollAgent(partner.organizationId, {}, ALL_SCOPES);
  const { installation } = await installedApp(manager, ['/orgs/{organization_id}/involved_chats/*/messages']);
  const head = () => ({ v: 1 as const, command_id: newCommandId(), chat_id: chatId });
  const content = { type: 'msg' as const, message: 'hello' };
  const message: Command = { ...head(), type: 'post_visitor_message', visitor_id: visitor.id, content };
  const foreigner = { ...COLLEAGUE, id: partner.agent.user_id, organization_id: partner.organizationId };
  const joining: Command = {
    ...head(),
    type: 'join_chat',
    grant: { kind: 'reach', reach: { organization_id: null, room_ids: [site.roomId] }, is_pending: false },
    actor: foreigner,
    is_present: true,
    must_be_present: false,
    is_kept_out: false,
    is_participating: true,
    composing_status: 'idle',
  };
  const thread = env.THREADS.getByName(threadNameOfChat(chatId) ?? '');
  await runInDurableObject(thread, async (instance: ThreadObject) => {
    const { release, whenAsked } = holdDatabase(instance);
    forget({ kind: 'organization', organization_id: site.organizationId });
    const first = instance.execute(message);
    await whenAsked;
    expect((await instance.execute(joining)).result.ok).toBe(true);
    release();
    expect((await first).result.ok).toBe(true);
  });
  const told = await acceptedFor(chatId, installation);
  expect(told.map(({ body }) => body.resource['message'])).toContain('hello');
});

const COLLEAGUE: Omit<UserFacts, 'id' | 'organization_id'> = {
  first_name: 'Paul',
  last_name: 'Partner',
  alias: null,
  avatar: null,
  is_bot: false,
  is_staff: false,
};

/** Makes the object's next query of D1 wait until it is released. */
function holdDatabase(instance: ThreadObject): { release: () => void; whenAsked: Promise<void> } {
  const { env: itsEnv } = instance as unknown as { env: { DB: D1Database } };
  const database = itsEnv.DB;
  let release = () => {};
  let asked = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const whenAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  itsEnv.DB = new Proxy(database, {
    get: (target, key) => {
      const value = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key !== 'batch') return value.bind(target);
      return async (...rest: Parameters<D1Database['batch']>) => {
        itsEnv.DB = database;
        asked();
        await released;
        return target.batch(...rest);
      };
    },
  });
  return { release, whenAsked };
}
