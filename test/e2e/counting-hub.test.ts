import { expect, test } from 'vitest';
import { countingHub, takeCounts } from '../../bench/counting-hub.ts';
import { withHub } from '../../bench/servers.ts';
import { openChannel } from '../../bench/targets.ts';
import { requestJson } from '../../scripts/json-request.ts';

test('the hub that benchmarks count with has a counter for each binding, and counts a message', async () => {
  await withHub({ from: countingHub }, async ({ hub, demo }) => {
    const channelId = await openChannel(demo, 'http://127.0.0.1:9999/replies');
    await takeCounts(hub.url);
    const message = { body: 'Hello', thread_id: 't', message_id: 'm', sender_id: 'jane@example.com' };
    const { status } = await requestJson({
      method: 'POST',
      url: `${hub.url}/api/v5/orgs/${demo.organization_id}/unified_messaging/${channelId}/messages`,
      token: demo.settings_token,
      body: { messages: [message] },
    });
    expect(status).toBe(201);
    const { workerRequests, calls, objectRowsWritten } = await takeCounts(hub.url);
    expect([workerRequests, calls['worker THREADS.execute']]).toEqual([1, 1]);
    expect(objectRowsWritten['threads']).toBeGreaterThan(3);
  });
});
