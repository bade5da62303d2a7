import { SCOPES } from '../src/directory/tokens.ts';
import { provideDemoChannel } from './demo-channel.ts';
import { adminTokenOf, type Demo, demoIdsOf, provideDemo, secretsOf } from './demo-file.ts';
import { freePort } from './free-port.ts';
import { type HubOptions, type LocalHub, startHub } from './local-hub.ts';
import { makeStoreFolder } from './store-folder.ts';

export type DemoHub = LocalHub & { adminToken: string; demo: Demo | null };

export type DemoHubOptions = Omit<HubOptions, 'variables'> & {
  /**
   * The settings of a demo hub: the admin token, the store's secrets, http webhooks to loopback, its own origin, and SERVER_TIMING and
   * RATE_LIMITS from the environment. Without RATE_LIMITS there are no limits.
   */
  variables?: Record<string, string>;
  /** Where the replies of the demo channel go. With it there is such a channel, and people of the demo sign in to the console with a click. */
  repliesTo?: string;
};

/** A local hub as `npm start` runs it, with its admin token and its demo organizations. Errors as `startHub`. */
export async function startDemoHub(options: DemoHubOptions): Promise<DemoHub> {
  const port = options.port ?? (await freePort());
  await makeStoreFolder(options.persistTo);
  const adminToken = await adminTokenOf(options.persistTo);
  const secrets = await secretsOf(options.persistTo);
  const known = await demoIdsOf(options.persistTo);
  const serverTiming = process.env['SERVER_TIMING'];
  const hub = await startHub({
    ...options,
    port,
    variables: {
      ...secrets,
      ADMIN_TOKEN: adminToken,
      ALLOW_INSECURE_WEBHOOKS: '1',
      RATE_LIMITS: process.env['RATE_LIMITS'] ?? '0',
      // With one runtime and one database, a single projector makes the largest batches.
      PROJECTOR_COUNT: '1',
      PUBLIC_ORIGIN: `http://127.0.0.1:${port}`,
      ...(serverTiming === undefined ? {} : { SERVER_TIMING: serverTiming }),
      ...(options.repliesTo === undefined ? {} : { DEMO_SIGN_IN: demoSignIn(known, options.repliesTo) }),
      ...options.variables,
    },
  });
  options.step?.('Preparing the demo organizations');
  try {
    const demo = await provideDemo(options.persistTo, hub.url, adminToken, known.ids);
    if (demo !== null && options.repliesTo !== undefined) {
      // Somebody may have revoked the token or deleted the room of the demo. The hub works without its channel.
      await provideDemoChannel(demo, options.repliesTo).catch((error: unknown) => {
        options.log?.({ level: 'warn', message: `There is no demo channel: ${String(error)}` });
      });
    }
    return { ...hub, adminToken, demo };
  } catch (error) {
    await hub.stop();
    throw error;
  }
}

/** The value of DEMO_SIGN_IN: the people of the demo with their scopes, and by which URL the demo channel is found. */
function demoSignIn({ ids, isNew }: Awaited<ReturnType<typeof demoIdsOf>>, repliesTo: string): string {
  const { organization_id, agent_id, agent2_id, settings_user_id } = ids;
  const users = [
    { id: agent_id, scopes: [] },
    { id: agent2_id, scopes: [] },
    ...(settings_user_id === undefined ? [] : [{ id: settings_user_id, scopes: SCOPES }]),
  ];
  return JSON.stringify({ organization_id, reply_webhook_url: repliesTo, users, is_new: isNew });
}
