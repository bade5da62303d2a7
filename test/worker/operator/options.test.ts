import { beforeAll, describe, expect, it } from 'vitest';
import { newRoom } from '../../support/worker/gateway.ts';
import { admin, enroll } from '../../support/worker/requests.ts';

const post = (path: string, body: unknown) => admin(path, { method: 'POST', body });
const patch = (path: string, body: unknown) => admin(path, { method: 'PATCH', body });

let root: string;
let room: string;

beforeAll(async () => {
  const { organization_id } = await enroll();
  root = `/organizations/${organization_id}`;
  room = await newRoom(organization_id);
});

describe('the operator sets options', () => {
  it('of rooms', async () => {
    const path = `${root}/rooms/${room}`;
    const defaults = {
      visitor_chat_idle_ttl: 3600,
      task_chat_ttl: 86_400,
      require_online: false,
      is_task_allowed: false,
      is_external_allowed: false,
      chat_key_ttl_days: null,
      is_open: true,
      domain: null,
    };
    expect((await admin(path)).json).toMatchObject(defaults);
    const options = {
      visitor_chat_idle_ttl: null,
      task_chat_ttl: 31_536_000,
      require_online: true,
      is_task_allowed: true,
      is_external_allowed: true,
      chat_key_ttl_days: 0,
      is_open: false,
      domain: 'example.com',
    };
    expect((await patch(path, options)).json).toMatchObject({ name: 'Support', ...options });
    expect((await patch(path, { visitor_chat_idle_ttl: 1 })).json).toMatchObject({
      ...options,
      visitor_chat_idle_ttl: 1,
    });
    expect((await post(`${root}/rooms`, { name: 'x', ...options })).json).toMatchObject(options);
    const refused = await patch(path, {
      visitor_chat_idle_ttl: 0,
      task_chat_ttl: 31_536_001,
      is_open: 'no',
      domain: '',
    });
    expect([refused.status, Object.keys(refused.json).sort()]).toEqual([
      400,
      ['domain', 'is_open', 'task_chat_ttl', 'visitor_chat_idle_ttl'],
    ]);
  });

  it('of users', async () => {
    const profile = { title: 'Agent', phone: '+358 40', gender: 'x', birthday: '1990-02-28' };
    const created = await post(`${root}/users`, { first_name: 'Ada', ...profile, is_online_enabled: false });
    expect(created.json).toMatchObject({ ...profile, is_online_enabled: false });
    const path = `${root}/users/${created.json['id']}`;
    expect((await patch(path, { phone: null, is_online_enabled: true })).json).toMatchObject({
      ...profile,
      phone: null,
      is_online_enabled: true,
    });
    expect((await admin(path)).json).toMatchObject({ ...profile, phone: null });
    for (const birthday of ['1990-02-30', '28.2.1990', '1990-2-8', '']) {
      expect((await patch(path, { birthday })).json).toEqual({ birthday: ['Date has wrong format. Use YYYY-MM-DD.'] });
    }
  });
});
