import { wholeBody } from '../../src/notifications/webhook-body.ts';
import type { Outbox } from '../../src/thread/webhooks/fan-out.ts';

/** The bodies of webhooks as receivers get them, oldest first. */
export function bodiesOf({ rows, contents }: Outbox): string[] {
  return rows.map(({ seq, body, content }) => {
    const found = contents.find((each) => each.seq === seq);
    return wholeBody(body, found?.resources[content] ?? '');
  });
}
