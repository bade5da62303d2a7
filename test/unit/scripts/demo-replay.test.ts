import { expect, test } from 'vitest';
import { chatsText } from '../../../scripts/demo/chats-examples.ts';
import contract from '../../worker/contract/chats-v5.json' with { type: 'json' };

/** What the replay of the Chats API asks, and is answered with a documented success. */
const asked = chatsText.examples.flatMap((example) => {
  if (!('call' in example) || example.isPreparation === true) return [];
  const [method = '', path = ''] = example.call.split(/[ ?]/);
  return [{ method, path, status: String(example.status) }];
});

test('npm run demo -- --all plays every operation of the Chats API with a documented status', () => {
  const missing = contract.filter(({ method, path, statuses }) => {
    const form = new RegExp(`^${path.replaceAll(/<[^>]+>/g, '[^/]+')}$`);
    return !asked.some(
      (call) => call.method === method && form.test(call.path) && Object.hasOwn(statuses, call.status),
    );
  });
  expect(contract).toHaveLength(82);
  expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});
