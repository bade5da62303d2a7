import type {
  InterfaceKind,
  interfaceKeyResource,
  rpcSettingsResource,
  threadsSettingsResource,
} from '../../../resources/interface.ts';

export type Kind = InterfaceKind;
export type Key = ReturnType<typeof interfaceKeyResource>;
export type RpcSettings = ReturnType<typeof rpcSettingsResource>;
export type ThreadsSettings = ReturnType<typeof threadsSettingsResource>;
export type Settings = RpcSettings | ThreadsSettings;

export const KINDS: readonly Kind[] = ['rpc', 'threads'];

export const isKind = (text: string): text is Kind => KINDS.some((kind) => kind === text);

/** What people are told of each interface. */
export const WORDS = {
  rpc: {
    name: 'JSON-RPC',
    about: 'For telephone systems and text message gateways: messages between your people and contacts outside.',
    address: '/api',
    header: 'Authorization: Bearer',
    webhookKey: 'Webhooks carry it as api_key in their body, so that your program knows the hub.',
  },
  threads: {
    name: 'Threads API',
    about: 'For programs that bring messages of customers and want the reply in the answer.',
    address: '/api/v1',
    header: 'x-api-key:',
    webhookKey: 'Webhooks carry it in the header x-api-key, so that your program knows the hub.',
  },
} as const satisfies { [kind in Kind]: object };
