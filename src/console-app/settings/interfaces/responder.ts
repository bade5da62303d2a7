import type { Responder } from '../../../resources/interface.ts';

/** A responder as a form has it. The names are those under which the hub tells what is wrong. */
export type ResponderValues = {
  'responder.type': Responder['type'] | 'none';
  'responder.url': string;
  'responder.model': string;
  'responder.mode': Responder['mode'];
  /** Empty: as it was. The hub never shows it. */
  'responder.api_key': string;
};

export function responderValues(responder: Responder | null): ResponderValues {
  return {
    'responder.type': responder?.type ?? 'none',
    'responder.url': responder?.url ?? '',
    'responder.model': responder?.model ?? '',
    'responder.mode': responder?.mode ?? 'reply',
    'responder.api_key': '',
  };
}

/** What the hub is given: only the fields that its type has. Null: there is none. */
export function responderOf(values: ResponderValues): object | null {
  const type = values['responder.type'];
  if (type === 'none') return null;
  const key = values['responder.api_key'];
  return {
    type,
    mode: values['responder.mode'],
    ...(type === 'workers_ai' ? {} : { url: values['responder.url'] }),
    ...(type === 'http' ? {} : { model: values['responder.model'] }),
    ...(type !== 'openai' || key === '' ? {} : { api_key: key }),
  };
}
