import { beforeEach, describe, expect, it } from 'vitest';
import { noCost } from '../../../src/db/cost.ts';
import { loadAudience } from '../../../src/notifications/load-audience.ts';
import {
  anotherWebhook,
  type CreatedApp,
  type Installation,
  install,
  newWebhook,
  openApp,
  orgOf,
  uninstall,
} from '../../support/worker/apps.ts';
import { ask } from '../../support/worker/organization.ts';
import { type Person, testEnv } from '../../support/worker/requests.ts';

let manager: Person;
let app: CreatedApp;
let installation: Installation;
let webhook: string;

beforeEach(async () => {
  ({ manager, app, installation } = await openApp({ is_app_user_required: false }));
  webhook = await subscribe();
});

/** Path of a new webhook. */
async function subscribe(): Promise<string> {
  const path = `${orgOf(manager)}/apps/${app.id}/webhooks`;
  return `${path}/${(await ask(manager, 'POST', path, anotherWebhook())).json['id']}`;
}

/** The number of the organization's subscriptions that this isolate knows. */
async function subscriptions(): Promise<number> {
  const concerned = { organization_ids: [manager.organization_id], room_ids: [], database: 'DB' };
  const { installations } = await loadAudience({ ...testEnv, AUTH_CACHE_SECONDS: '600' }, noCost(), concerned);
  return installations.reduce((count, each) => count + each.subscriptions.length, 0);
}

describe('the audience is current at once in the isolate in which', () => {
  it.each<[string, () => Promise<unknown>, number]>([
    ['a webhook is made', () => subscribe(), 2],
    ['a webhook is switched off', () => ask(manager, 'PATCH', webhook, { is_enabled: false }), 0],
    ['a webhook is replaced', () => ask(manager, 'PUT', webhook, newWebhook({ is_enabled: false })), 0],
    ['a webhook is deleted', () => ask(manager, 'DELETE', webhook), 0],
    ['an app is uninstalled', () => uninstall(manager, installation), 0],
    ['an app is deleted', () => ask(manager, 'DELETE', `${orgOf(manager)}/apps/${app.id}`), 0],
  ])('%s', async (_, change, after) => {
    expect(await subscriptions()).toBe(1);
    await change();
    expect(await subscriptions()).toBe(after);
  });

  it('an app is installed', async () => {
    await uninstall(manager, installation);
    expect(await subscriptions()).toBe(0);
    await install(manager, app.id);
    expect(await subscriptions()).toBe(1);
  });
});
