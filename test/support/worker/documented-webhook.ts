import { expect } from 'vitest';
import {
  appNotification,
  channelTest,
  chatPurged,
  messageCreated,
  replySuggestionCreated,
} from '../../../src/api/openapi/webhooks.ts';

const SCHEMAS = {
  message_created: messageCreated,
  reply_suggestion_created: replySuggestionCreated,
  messages_purged: chatPurged,
  visitor_purged: chatPurged,
  test: channelTest,
  app_notification: appNotification,
};

/** Compares the body of a webhook with its OpenAPI schema: exactly the documented fields. */
export function expectDocumentedWebhook(name: keyof typeof SCHEMAS, body: unknown): void {
  expect(SCHEMAS[name].parse(body)).toEqual(body);
}
