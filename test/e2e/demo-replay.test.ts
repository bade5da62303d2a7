import { afterAll, beforeAll, expect, test } from 'vitest';
import { some, uuid } from '../../scripts/demo/expectation.ts';
import { type Example, Replay } from '../../scripts/demo/replay.ts';
import { answer, startReceiver, type WebhookReceiver } from '../../scripts/webhook-receiver.ts';

const CHAT = '019a0000-0000-7000-8000-000000000001';

/** Answers as a hub, and gets the webhooks. */
let receiver: WebhookReceiver;

beforeAll(async () => {
  receiver = await startReceiver(({ path }) =>
    path === '/chats' ? answer(201, {}, JSON.stringify({ id: CHAT })) : answer(200, {}, '{}'),
  );
});
afterAll(() => receiver.stop());

async function replay(...examples: Example[]) {
  const lines: string[] = [];
  const playing = new Replay(receiver.url, receiver, { TOKEN: 'secret' }, (line) => lines.push(line));
  return { outcome: await playing.play({ name: 'A text', examples }), lines };
}

const begun = { call: 'POST /chats', as: 'TOKEN', body: {}, status: 201, answer: { id: uuid('CHAT') } } as const;

test('a replay uses what earlier answers have bound, and counts the examples of the text', async () => {
  const { outcome, lines } = await replay(
    { what: 'a chat', isPreparation: true, ...begun },
    { what: 'its end', call: 'PATCH /chats/{CHAT}', as: 'TOKEN', body: { chat: '{CHAT}' }, status: 200, answer: {} },
    { what: 'the webhook', toldAt: `/chats/${CHAT}`, carries: { chat: '{CHAT}' } },
  );
  expect(outcome).toEqual({ replayed: 2, differences: [] });
  expect(lines).toEqual(['· A text: a chat', '✓ A text: its end', '✓ A text: the webhook']);
  const [first, second] = receiver.requests;
  expect(first?.headers['authorization']).toBe('Bearer secret');
  expect([second?.method, second?.path, second?.body]).toEqual(['PATCH', `/chats/${CHAT}`, `{"chat":"${CHAT}"}`]);
});

test('a replay says which example differs, and how, and goes on', async () => {
  const { outcome, lines } = await replay(
    { what: 'another status', ...begun, status: 200, answer: { id: uuid('NEVER') } },
    { what: 'another body', ...begun, answer: { id: some('time') } },
    { what: 'what cannot be asked', call: 'GET /chats/{NEVER}', as: null, status: 200 },
    { what: 'a chat', ...begun },
  );
  const differences = [
    ['another status', `status: expected 200, got 201 {"id":"${CHAT}"}`],
    ['another body', `$.id: expected time, got "${CHAT}"`],
    ['what cannot be asked', 'NEVER is not known, because an earlier example differs'],
  ];
  expect(outcome).toEqual({
    replayed: 4,
    differences: differences.map(([example, difference]) => `A text: ${example}: ${difference}`),
  });
  expect(lines).toEqual([
    ...differences.flatMap(([example, difference]) => [`✗ A text: ${example}`, `    ${difference}`]),
    '✓ A text: a chat',
  ]);
});
