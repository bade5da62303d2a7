import { isoTime, isoTimeOrNull } from './clock.ts';

/**
 * The interfaces whose programs have keys of their own: JSON-RPC message sync and the threads API. Each is a channel of
 * its organization.
 */
export const INTERFACE_KINDS = ['rpc', 'threads'] as const;
export type InterfaceKind = (typeof INTERFACE_KINDS)[number];

/** What answers the messages of the threads API: an endpoint over HTTP, or a model. */
export const RESPONDER_TYPES = ['http', 'openai', 'workers_ai'] as const;
/** `reply`: its answer is a message of a bot. `suggest`: its answer is suggested to agents. */
export const RESPONDER_MODES = ['reply', 'suggest'] as const;

/** A responder without the key of its service. `url`: of `http` and `openai`. `model`: of `openai` and `workers_ai`. */
export type Responder = {
  type: (typeof RESPONDER_TYPES)[number];
  url: string | null;
  model: string | null;
  mode: (typeof RESPONDER_MODES)[number];
};

/** The settings of an interface. Before its channel is made, all but the organization are null. Times in ms. */
export type InterfaceSettings = {
  organization_id: string;
  channel_id: string | null;
  room_id: string | null;
  webhook_url: string | null;
  webhook_key: string | null;
  modified_at: number | null;
};

function settingsResource(settings: InterfaceSettings) {
  return { ...settings, modified_at: isoTimeOrNull(settings.modified_at) };
}

/** The settings of JSON-RPC, with the id that it has for the organization. */
export function rpcSettingsResource(settings: InterfaceSettings, orgid: string) {
  return { ...settingsResource(settings), orgid };
}

/** The settings of the threads API, which has a responder too. */
export function threadsSettingsResource(settings: InterfaceSettings, responder: Responder | null, hasKey: boolean) {
  return {
    ...settingsResource(settings),
    responder: responder === null ? null : { ...responder, has_api_key: hasKey },
  };
}

/** A key of an interface, without the key itself. Times in ms. */
export function interfaceKeyResource(key: {
  id: string;
  organization_id: string;
  label: string;
  revoked_at: number | null;
  created_at: number;
}) {
  const { id, organization_id, label, revoked_at, created_at } = key;
  return { id, organization_id, label, revoked_at: isoTimeOrNull(revoked_at), created_at: isoTime(created_at) };
}
