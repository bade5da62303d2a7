import createClient from 'openapi-fetch';
import type { components, paths } from './schema.d.ts';

// A program as integrators write it. It is only compiled. Other tests check the hub's answers.

const hub = createClient<paths>({ baseUrl: 'https://hub.example', headers: { Authorization: 'Bearer umi_…' } });
const channel = {
  organization_id: '0190a000-0000-7000-8000-000000000001',
  config_id: '0190a000-0000-7000-8000-000000000002',
};

export async function send(text: string): Promise<string | undefined> {
  const { data, error, response } = await hub.POST(
    '/api/v5/orgs/{organization_id}/unified_messaging/{config_id}/messages',
    {
      params: { path: channel },
      body: {
        messages: [{ thread_id: 'ticket-1', message_id: 'm-1', sender_id: 'ann@example.com', body: text }],
      },
    },
  );
  if (error !== undefined) throw new Error(`refused with ${response.status}`);
  return data.chat_id;
}

/** All chats of an organization, page by page. */
export async function* chats(
  organization_id: string,
): AsyncGenerator<Pick<components['schemas']['Chat'], 'id' | 'is_ended'>> {
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? {} : { cursor };
    const { data } = await hub.GET('/api/v5/orgs/{organization_id}/owned_chats', {
      params: { path: { organization_id }, query },
    });
    yield* data?.results ?? [];
    cursor = data?.next == null ? undefined : (new URL(data.next).searchParams.get('cursor') ?? undefined);
  } while (cursor !== undefined);
}

export async function mistakes(): Promise<void> {
  const close = '/api/v5/orgs/{organization_id}/unified_messaging/{config_id}/close_session';
  // @ts-expect-error a thread must be named
  await hub.POST(close, { params: { path: channel }, body: {} });
  // @ts-expect-error there is no such route
  await hub.GET('/api/v5/nowhere');
}
