import { isoTime } from '../../../resources/clock.ts';
import {
  interfaceKeyResource,
  type Responder,
  rpcSettingsResource,
  threadsSettingsResource,
} from '../../../resources/interface.ts';
import { FOUNDED, ids } from './shop.ts';

const newToken = { label: 'Alice at her desk', scopes: ['settings'], expires_at: '2027-03-02T08:00:00.000Z' };

const token = {
  ...newToken,
  id: ids.token,
  user_id: ids.agent,
  organization_id: ids.organization,
  is_session: false,
  revoked_at: null,
  created_at: isoTime(FOUNDED),
};

const target = { kind: 'team', id: ids.team, include_bots: false };
const newRouter = { name: 'Support goes to Shipping', targets: [target], room_ids: [ids.room] };

const router = {
  ...newRouter,
  id: ids.router,
  organization_id: ids.organization,
  created_at: isoTime(FOUNDED),
  updated_at: isoTime(FOUNDED),
};
const partner = { id: ids.partner, name: 'South' };
const share = { organization_id: ids.partner, organization: partner, status: 'offered', created_at: isoTime(FOUNDED) };
const reached = { users: 4, bots: 1 };

const interfaceKey = interfaceKeyResource({
  id: ids.token,
  organization_id: ids.organization,
  label: 'The gateway of our telephones',
  revoked_at: null,
  created_at: FOUNDED,
});

const settings = {
  organization_id: ids.organization,
  channel_id: ids.channel,
  room_id: ids.room,
  webhook_url: 'https://gateway.example.com/hub',
  webhook_key: 'cGxlYXNlIGtub3cgdGhlIGh1YiBieSB0aGlzIGtleQ',
  modified_at: FOUNDED,
};

const responder: Responder = {
  type: 'openai',
  url: 'https://models.example.com/v1/chat/completions',
  model: 'small-model',
  mode: 'suggest',
};
const newResponder = { ...responder, api_key: 'key-of-the-service' };

/** By the names of components. */
export const operatorExamples = {
  UserToken: token,
  NewUserToken: newToken,
  CreatedUserToken: { ...token, token: 'umi_ZXhhbXBsZSB0b2tlbiBvZiBhIHVzZXIuLi4uLi4u' },
  AdminToken: token,
  AdminNewToken: newToken,
  AdminCreatedToken: { ...token, token: 'umi_ZXhhbXBsZSB0b2tlbiBvZiBhIHVzZXIuLi4uLi4u' },
  Router: router,
  RouterTarget: target,
  NewRouter: newRouter,
  PatchRouter: { targets: [target] },
  RouterReachQuestion: { targets: [target] },
  RouterReach: reached,
  AdminRouter: router,
  AdminRouterTarget: target,
  AdminNewRouter: newRouter,
  AdminPatchRouter: { targets: [target] },
  AdminRouterReachQuestion: { targets: [target] },
  AdminRouterReach: reached,
  AdminShare: { ...share, status: 'shared' },
  Share: share,
  ReceivedShare: {
    id: ids.room,
    name: 'Support',
    organization_id: ids.partner,
    organization: partner,
    status: 'offered',
    is_deleted: false,
    created_at: isoTime(FOUNDED),
  },
  AuditEntry: {
    id: ids.token,
    created_at: isoTime(FOUNDED),
    organization_id: ids.organization,
    actor: { type: 'operator', id: null, token_id: null, app_id: null },
    action: 'adminCreateToken',
    target: { type: 'token', id: ids.token },
    details: { user_id: ids.agent, fields: ['label', 'scopes'], scopes: ['settings'] },
    status: null,
    address: null,
    request_id: '5b1f0c52-8f0f-4a3c-9a55-0a1d0f2b6c11',
  },
  NewInterfaceKey: { label: 'The gateway of our telephones' },
  InterfaceKey: interfaceKey,
  CreatedInterfaceKey: { ...interfaceKey, key: 'umi_ZXhhbXBsZSBrZXkgb2YgYW4gaW50ZXJmYWNlLi4uLi4u' },
  RpcSettings: rpcSettingsResource(settings, '10000000000000000017'),
  PatchRpcSettings: { webhook_url: settings.webhook_url },
  ThreadsSettings: threadsSettingsResource(settings, responder, true),
  NewResponder: newResponder,
  PatchThreadsSettings: { webhook_url: settings.webhook_url, responder: newResponder },
  AdminSigningKey: { id: 'q7Ue0X2s', created_at: isoTime(FOUNDED), accepted_until: null },
  AdminNewSigningKey: { ends_previous: false },
  AdminRewrap: { cursor: null },
  AdminRewrapped: { rewrapped: 12, unreadable: [], next: null },
  AdminRebuild: { cursor: null },
  AdminRebuilt: { rebuilt: 20, failed: [], next: null },
  Health: { status: 'ok' },
  Detail: { detail: 'Not found.' },
};
