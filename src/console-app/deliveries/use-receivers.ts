import { useQuery } from '@tanstack/react-query';
import type { installationResource, ownAppResource } from '../../resources/app.ts';
import type { channelResource } from '../../resources/channel.ts';
import { useDesk } from '../desk/desk.tsx';
import { readAll } from '../records/read.ts';
import { withoutDirectionMarks } from '../words/names.ts';
import type { Receiver } from './receivers.ts';

type Installed = Pick<ReturnType<typeof installationResource>, 'id' | 'organization_id' | 'organization'>;

const APP_ATTEMPTS = 4;
/** How long (ms) after a failure they are read again. */
const AGAIN_AFTER = 5_000;

/** All receivers of the organization; null while they are read. */
export function useReceivers(): readonly Receiver[] | null {
  const { session } = useDesk();
  const path = `/api/v5/orgs/${session.organization_id}`;
  const { data, isPending } = useQuery({
    queryKey: ['hub', path, 'receivers'],
    queryFn: () => readReceivers(path, session.organization_id),
    // Until they are known, an app of one's own looks like a channel.
    refetchInterval: ({ state }) => (state.status === 'error' ? AGAIN_AFTER : false),
  });
  return isPending ? null : (data ?? []);
}

async function readReceivers(path: string, organizationId: string): Promise<readonly Receiver[]> {
  const [channels, installations, apps] = await Promise.all([
    readAll<ReturnType<typeof channelResource>>(`${path}/unified_messaging`),
    readAll<ReturnType<typeof installationResource>>(`${path}/app_installations`),
    readAll<ReturnType<typeof ownAppResource>>(`${path}/apps`),
  ]);
  const elsewhere = await Promise.all(
    apps.map(async ({ id, name }) => {
      const app = `${path}/apps/${id}`;
      const all = await readAll<Installed>(`${app}/installations`);
      const others = all.filter(({ organization_id }) => organization_id !== organizationId);
      return others.map((each): Receiver => {
        const log = `${app}/installations/${each.id}`;
        return {
          kind: 'elsewhere',
          id: each.id,
          name: withoutDirectionMarks(`${name}, at ${each.organization.name}`),
          log,
          url: null,
          app,
          attempts: APP_ATTEMPTS,
        };
      });
    }),
  );
  return [
    ...channels.map(({ id, name, max_retry_count, reply_webhook_url: url }): Receiver => {
      const attempts = max_retry_count + 1;
      return { kind: 'channel', id, name, log: `${path}/unified_messaging/${id}`, url, app: null, attempts };
    }),
    ...installations.map(({ id, app }): Receiver => {
      const own = app.owned_by_organization_id === organizationId ? `${path}/apps/${app.id}` : null;
      const log = own === null ? `${path}/app_installations/${id}` : `${own}/installations/${id}`;
      return {
        kind: own === null ? 'app' : 'own_app',
        id,
        name: app.name,
        log,
        url: null,
        app: own,
        attempts: APP_ATTEMPTS,
      };
    }),
    ...elsewhere.flat(),
  ];
}
