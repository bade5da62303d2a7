import { adminTokenOf, type Demo, provideDemo, secretsOf } from './demo-file.ts';
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
};

/** A local hub as `npm start` runs it, with its admin token and its demo organizations. Errors as `startHub`. */
export async function startDemoHub(options: DemoHubOptions): Promise<DemoHub> {
  const port = options.port ?? (await freePort());
  await makeStoreFolder(options.persistTo);
  const adminToken = await adminTokenOf(options.persistTo);
  const secrets = await secretsOf(options.persistTo);
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
      ...options.variables,
    },
  });
  options.step?.('Preparing the demo organizations');
  try {
    return { ...hub, adminToken, demo: await provideDemo(options.persistTo, hub.url, adminToken) };
  } catch (error) {
    await hub.stop();
    throw error;
  }
}
