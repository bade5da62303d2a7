import { expect } from 'vitest';
import {
  appNotification,
  channelTest,
  messageCreated,
  replySuggestionCreated,
} from '../../../src/api/openapi/webhooks.ts';

const SCHEMAS = {
  message_created: messageCreated,
  reply_suggestion_created: replySuggestionCreated,
  test: channelTest,
  app_notification: appNotification,
};

/** Holds the body of a webhook against what the OpenAPI document says of it: each field, and no field besides. */
export function expectDocumentedWebhook(name: keyof typeof SCHEMAS, body: unknown): void {
  expect(SCHEMAS[name].parse(body)).toEqual(body);
}
