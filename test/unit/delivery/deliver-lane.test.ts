import { describe, expect, it } from 'vitest';
import type { Lane } from '../../../src/rpc/lane.ts';
import { DeliveryRun, OPEN, WAKE_UP } from '../../support/delivery-run.ts';
import { RECEIVER } from '../../support/memory-lane.ts';

function resetError(): Error {
  return Object.assign(new Error('object was reset'), { retryable: true });
}

describe('deliverLane', () => {
  it('delivers pending deliveries in order and ends without a wake-up', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b', 'c');
    await run.deliver();
    expect(run.received).toEqual(['a', 'b', 'c']);
    expect(run.lane.statuses()).toEqual(['delivered', 'delivered', 'delivered']);
    expect(run.sent).toEqual([]);
    expect(run.logged).toEqual([]);
  });

  it('ends at nothing and at wait', async () => {
    const run = new DeliveryRun();
    await run.deliver();
    run.lane.accept('a');
    run.lane.row('a').due_at = run.now + 1;
    await run.deliver();
    expect(run.received).toEqual([]);
    expect(run.sent).toEqual([]);
  });

  it('keeps a failing head before the others and retries it after 1 s, 2 s and 4 s', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    let failures = 3;
    run.answer = (id) => (id === 'a' && failures-- > 0 ? 500 : 200);
    const delays: number[] = [];
    const send = run.deps.send;
    run.deps.send = async (wakeUp, delay) => {
      delays.push(delay);
      await send(wakeUp, delay);
    };
    await run.deliver();
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'a', 'a', 'a', 'b']);
    expect(run.lane.statuses()).toEqual(['delivered', 'delivered']);
    expect(delays).toEqual([2, 3, 5]);
  });

  it('goes on with the next head after the last attempt', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.answer = (id) => (id === 'a' ? 410 : 200);
    await run.deliver();
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'a', 'a', 'a', 'b']);
    expect(run.lane.statuses()).toEqual(['exhausted', 'delivered']);
  });

  it('passes the retry limit and Retry-After to the lane', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.answer = () => 503;
    run.retryAfter = 90;
    await run.deliver();
    expect(run.lane.outcomes).toMatchObject([{ kind: 'failed', max_retry_count: 3, retry_after: 90 }]);
    expect(run.sent).toMatchObject([{ delay: 90, wakeUp: WAKE_UP }]);
  });

  it('reads the endpoint before each attempt', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b', 'c', 'd');
    const endpoints = [OPEN, { kind: 'disabled' } as const, { kind: 'channel_deleted' } as const, OPEN];
    run.endpoint = () => endpoints.shift() ?? OPEN;
    await run.deliver();
    expect(run.received).toEqual(['a', 'd']);
    expect(run.lane.rows.map((row) => row.skip_reason)).toEqual([null, 'disabled', 'channel_deleted', null]);
  });

  it('makes no attempt while the endpoint cannot be read and wakes the lane again', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    let outages = 2;
    run.endpoint = () => {
      if (outages-- > 0) throw new Error('D1 is away');
      return OPEN;
    };
    await run.deliver();
    expect(run.lane.outcomes).toEqual([{ kind: 'later' }]);
    expect(run.received).toEqual([]);
    expect(run.sent).toMatchObject([{ delay: 10 }]);
    await run.drainQueue();
    expect(run.received).toEqual(['a']);
    expect(run.lane.row('a').attempts).toBe(1);
    expect(run.events()).toEqual(['delivery.endpoint_unreadable', 'delivery.endpoint_unreadable']);
  });
});

describe('the log of failures', () => {
  const failing = async (maxRetryCount: number) => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.endpoint = () => ({ ...OPEN, max_retry_count: maxRetryCount });
    run.answer = (id) => (id === 'a' ? 503 : 200);
    await run.deliver();
    await run.drainQueue();
    return run;
  };
  const failure = { thread: 't1', receiver: RECEIVER, track: 'lane', organization_id: 'o1', delivery_id: 'a' };

  it('says when the next attempt follows, and which attempt was the last', async () => {
    const run = await failing(1);
    expect(run.logged).toEqual([
      { event: 'delivery.attempt_failed', ...failure, attempt: 1, status: 503, error: null, retry_in_seconds: 2 },
      { event: 'delivery.exhausted', ...failure, attempt: 2, status: 503, error: null },
    ]);
    expect(run.lane.statuses()).toEqual(['exhausted', 'delivered']);
  });

  it('says exhausted at once when there are no retries', async () => {
    expect((await failing(0)).events()).toEqual(['delivery.exhausted']);
  });
});

describe('deliverLane with a drain wake-up', () => {
  it('skips everything before its due time when the receiver is switched off', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.lane.row('a').due_at = run.now + 3_600_000;
    run.endpoint = () => ({ kind: 'disabled' });
    await run.deliver();
    expect(run.lane.statuses()).toEqual(['pending', 'pending']);
    await run.deliver({ drain: true });
    expect(run.lane.statuses()).toEqual(['skipped', 'skipped']);
    expect(run.received).toEqual([]);
  });

  it('does not use up the retries of a receiver that was enabled again and fails', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.answer = () => 500;
    await run.deliver({ drain: true });
    expect(run.received).toEqual(['a']);
    expect(run.sent).toMatchObject([{ delay: 2, wakeUp: { drain: false } }]);
  });

  it('works on the track that it names', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.lane.replay('r1', 'r2');
    await run.deliver({ track: 'replay' });
    expect(run.received).toEqual(['r1', 'r2']);
    expect(run.lane.row('a').status).toBe('pending');
  });
});

describe('deliverLane and its time limit', () => {
  it('starts no attempt 20 s after its start and sends a wake-up for the rest', async () => {
    const run = new DeliveryRun();
    run.lane.accept(...Array.from({ length: 7 }, (_, index) => `d${index}`));
    run.answer = () => {
      run.now += 4_999;
      return 200;
    };
    const start = run.now;
    await run.deliver();
    expect(run.received).toHaveLength(5);
    expect(run.now - start).toBeLessThan(25_000);
    expect(run.sent).toMatchObject([{ delay: 0, wakeUp: WAKE_UP }]);
    expect(run.lane.leases.size).toBe(0);
    await run.drainQueue();
    expect(run.received).toEqual(['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6']);
  });

  it('sends no wake-up at its time limit when the lane is empty', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.answer = () => {
      run.now += 20_000;
      return 200;
    };
    await run.deliver();
    expect(run.lane.statuses()).toEqual(['delivered']);
    expect(run.sent).toEqual([]);
  });

  it('logs a stale report and leaves the lane to the other consumer', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.answer = (id) => {
      run.now += id === 'a' && run.received.length === 1 ? 15_001 : 0;
      if (run.received.length === 1) run.lane.leases.clear();
      return 200;
    };
    await run.deliver();
    expect(run.logged).toMatchObject([{ event: 'delivery.stale_report', delivery_id: 'a' }]);
    expect(run.lane.statuses()).toEqual(['pending', 'pending']);
    expect(run.sent).toEqual([]);
    await run.deliver();
    expect(run.received).toEqual(['a', 'a', 'b']);
  });
});

describe('deliverLane on a queue that repeats, drops and reorders', () => {
  it('delivers each row once, however many wake-ups arrive at the same time', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b', 'c');
    await Promise.all(Array.from({ length: 20 }, () => run.deliver()));
    expect(run.received).toEqual(['a', 'b', 'c']);
  });

  it('keeps the order and the retry schedule when old wake-ups arrive', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a', 'b');
    run.answer = (id) => (id === 'a' && run.received.length < 3 ? 500 : 200);
    await run.deliver();
    await run.deliver();
    await run.deliver();
    expect(run.received).toEqual(['a']);
    run.sent.push(...run.sent.map((message) => ({ ...message })));
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'a', 'a', 'b']);
  });

  it('loses nothing when a wake-up is lost and the lane wakes itself again', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    run.answer = () => (run.received.length === 1 ? 500 : 200);
    await run.deliver();
    run.sent.length = 0;
    run.now += 32_000;
    await run.deliver();
    expect(run.lane.statuses()).toEqual(['delivered']);
  });
});

describe('deliverLane and faults', () => {
  it.each(['after claim', 'after the receiver answered', 'after report'] as const)(
    'repeats at most one delivery when it crashes %s',
    async (step) => {
      const run = new DeliveryRun();
      run.lane.accept('a', 'b');
      let crashes = 1;
      run.deps.fault = (at) => {
        if (at === step && crashes-- > 0) throw new Error('crash');
      };
      await expect(run.deliver()).rejects.toThrow('crash');
      expect(run.sent).toEqual([]);
      run.now += 15_001;
      await run.deliver();
      expect(run.lane.statuses()).toEqual(['delivered', 'delivered']);
      expect(run.received).toEqual(step === 'after the receiver answered' ? ['a', 'a', 'b'] : ['a', 'b']);
    },
  );

  it('sends the wake-up again when the object was reset at the claim', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const claim = run.lane.claim.bind(run.lane);
    let resets = 1;
    run.lane.claim = async (request) => {
      if (resets-- > 0) throw resetError();
      return await claim(request);
    };
    await run.deliver();
    expect(run.logged).toMatchObject([{ event: 'delivery.claim_failed', is_retryable: true }]);
    expect(run.sent).toMatchObject([{ delay: 2, wakeUp: WAKE_UP }]);
    await run.drainQueue();
    expect(run.lane.statuses()).toEqual(['delivered']);
  });

  it('leaves an overloaded object to its alarm', async () => {
    const run = new DeliveryRun();
    run.lane.claim = async () => {
      throw Object.assign(new Error('too much'), { overloaded: true, retryable: true });
    };
    await run.deliver();
    expect(run.events()).toEqual(['delivery.claim_failed']);
    expect(run.sent).toEqual([]);
  });

  it('reports a second time with a new stub, so that a 2xx is not repeated', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const broken: Lane = {
      claim: (request) => run.lane.claim(request),
      report: async () => {
        throw resetError();
      },
    };
    const stubs = [broken, broken];
    run.deps.lane = () => stubs.shift() ?? run.lane;
    await run.deliver();
    expect(run.received).toEqual(['a']);
    expect(run.lane.statuses()).toEqual(['delivered']);
    expect(run.sent).toEqual([]);
  });

  it('wakes the lane again after the lease when the report cannot be made', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    const report = run.lane.report.bind(run.lane);
    let resets = 2;
    run.lane.report = async (request) => {
      if (resets-- > 0) throw resetError();
      return await report(request);
    };
    await run.deliver();
    expect(run.logged).toMatchObject([{ event: 'delivery.report_failed', outcome: 'delivered', delivery_id: 'a' }]);
    expect(run.sent).toMatchObject([{ delay: 16 }]);
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'a']);
    expect(run.lane.statuses()).toEqual(['delivered']);
  });

  it('sends the wake-up later to an object of an older version', async () => {
    const run = new DeliveryRun();
    run.lane.claim = async () => ({ kind: 'later' });
    await run.deliver();
    expect(run.sent).toMatchObject([{ delay: 60, wakeUp: WAKE_UP }]);
  });
});
