import { describe, expect, it } from 'vitest';
import type { AppUserAuth } from '../../../src/delivery/app-user-auth.ts';
import { CHANNEL_TIMES, INSTALLATION_TIMES, timesOf } from '../../../src/delivery/attempt-times.ts';
import type { Endpoint } from '../../../src/delivery/endpoint.ts';
import { installationReceiver } from '../../../src/resources/receiver.ts';
import { DeliveryRun, OPEN } from '../../support/delivery-run.ts';

const RECEIVER = installationReceiver('i1');

function installationRun(): DeliveryRun {
  return new DeliveryRun(RECEIVER);
}

function openTo(url: string, app_user_auth?: AppUserAuth): Endpoint {
  const destination = { url, secrets: ['whsec_AAAA'], own_origins: [] };
  return { kind: 'open', destination, max_retry_count: 3, ...(app_user_auth === undefined ? {} : { app_user_auth }) };
}

function authOf(access_token: string): AppUserAuth {
  return { access_token, token_type: 'Bearer', expires_in: 300, user_id: 'u1', organization_id: 'o1' };
}

describe('times', () => {
  it('depend on the kind of receiver', () => {
    expect(timesOf('channel/c1')).toBe(CHANNEL_TIMES);
    expect(timesOf(RECEIVER)).toBe(INSTALLATION_TIMES);
    expect([CHANNEL_TIMES.deadline, INSTALLATION_TIMES.deadline]).toEqual([5_000, 10_000]);
  });

  it.each([CHANNEL_TIMES, INSTALLATION_TIMES])(
    'lease a delivery for longer than an attempt, and end a run within 25 s',
    (times) => {
      expect(times.lease - times.deadline).toBe(10_000);
      expect(times.last_start + times.deadline).toBeLessThanOrEqual(25_000);
    },
  );
});

describe('deliverLane for an installation', () => {
  it('leases deliveries for 20 s and gives an attempt 10 s', async () => {
    const run = installationRun();
    run.lane.accept('a', 'b');
    const leases: number[] = [];
    const claim = run.lane.claim.bind(run.lane);
    run.lane.claim = async (request) => {
      leases.push(request.lease_milliseconds);
      return await claim(request);
    };
    const report = run.lane.report.bind(run.lane);
    run.lane.report = async (request) => {
      leases.push(request.next?.lease_milliseconds ?? 0);
      return await report(request);
    };
    await run.deliver();
    expect(leases).toEqual([20_000, 20_000, 20_000]);
    expect(run.attempts.map(({ times }) => times.deadline)).toEqual([10_000, 10_000]);
  });

  it('ends a run of slow attempts within 25 s and sends a wake-up for the rest', async () => {
    const run = installationRun();
    run.lane.accept('a', 'b', 'c', 'd');
    run.answer = () => {
      run.now += 9_999;
      return 200;
    };
    const start = run.now;
    await run.deliver();
    expect(run.received).toEqual(['a', 'b']);
    expect(run.now - start).toBeLessThan(25_000);
    expect(run.sent).toMatchObject([{ delay: 0, wakeUp: { receiver: RECEIVER } }]);
    await run.drainQueue();
    expect(run.received).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each([
    [7_001, ['a', 'b']],
    [7_002, ['a']],
  ])(
    'ends a run before the platform does, however slow D1 is: with %i ms before the last attempt',
    async (milliseconds, received) => {
      const run = installationRun();
      run.lane.accept('a', 'b');
      run.answer = () => {
        run.now += 9_999;
        return 200;
      };
      run.endpoint = () => {
        run.now += run.received.length * milliseconds;
        return OPEN;
      };
      const start = run.now;
      await run.deliver();
      expect(run.received).toEqual(received);
      expect(run.now - start).toBeLessThan(27_000);
      await run.drainQueue();
      expect(run.lane.statuses()).toEqual(['delivered', 'delivered']);
      expect(run.received).toEqual(['a', 'b']);
    },
  );

  it.each([
    [9_000, ['a']],
    [9_001, []],
  ])('attempts only while 11 s of the lease are left: after %i ms', async (milliseconds, received) => {
    const run = installationRun();
    run.lane.accept('a');
    run.endpoint = () => {
      run.now += milliseconds;
      return OPEN;
    };
    await run.deliver();
    expect(run.received).toEqual(received);
  });

  it('wakes the lane again after its lease when the report cannot be made', async () => {
    const run = installationRun();
    run.lane.accept('a');
    run.lane.report = async () => {
      throw Object.assign(new Error('object was reset'), { retryable: true });
    };
    await run.deliver();
    expect(run.sent).toMatchObject([{ delay: 21 }]);
  });

  it('puts the bot user’s authorization into the body, made for each attempt', async () => {
    const run = installationRun();
    run.lane.accept('a');
    let made = 0;
    run.endpoint = () => openTo('https://receiver.example.com/hook', authOf(`token-${++made}`));
    run.answer = () => (made < 3 ? 500 : 200);
    await run.deliver();
    await run.drainQueue();
    expect(run.attempts.map(({ body }) => body)).toEqual(
      [1, 2, 3].map((number) => JSON.stringify({ id: 'a', app_user_auth: authOf(`token-${number}`) })),
    );
  });

  it('sends the frozen body without a bot user', async () => {
    const run = installationRun();
    run.lane.accept('a');
    await run.deliver();
    expect(run.attempts.map(({ body }) => body)).toEqual(['{"id":"a"}']);
  });

  it('logs where each attempt went, with its query', async () => {
    const run = installationRun();
    run.lane.accept('a', 'b', 'c');
    const urls = ['https://one.example.com/hook?key=a%20b&x=%2F#part', 'https://two.example.com/', 'no url'];
    run.endpoint = () => openTo(urls[run.received.length] ?? '');
    await run.deliver();
    expect(run.lane.outcomes.map((outcome) => 'attempt' in outcome && outcome.attempt.url)).toEqual([
      'https://one.example.com/hook?key=a%20b&x=%2F',
      'https://two.example.com/',
      'no url',
    ]);
  });

  it('does not log the URL of a channel', async () => {
    const run = new DeliveryRun();
    run.lane.accept('a');
    await run.deliver();
    expect(run.lane.outcomes).toMatchObject([
      { kind: 'delivered', attempt: expect.not.objectContaining({ url: expect.anything() }) },
    ]);
  });

  it('keeps the token out of the log when the receiver answers with it, whole or cut off', async () => {
    const token = 'aaaa-_.bbbb.cccc_-';
    const run = installationRun();
    run.lane.accept('a', 'b', 'c');
    run.endpoint = () => openTo('https://receiver.example.com/', authOf(token));
    const answers = [`got "${token}" and ${token}.`, `cut ${token.slice(0, -2)}`, 'aaaa'];
    run.responseOf = () => answers[run.received.length - 1] ?? '';
    await run.deliver();
    const responses = run.lane.outcomes.map((outcome) => 'attempt' in outcome && outcome.attempt.response);
    expect(responses).toEqual(['got "(access token)" and (access token).', 'cut (access token)', 'aaaa']);
  });

  it.each(['disabled', 'webhook_deleted', 'uninstalled'] as const)('skips what is %s', async (kind) => {
    const run = installationRun();
    run.lane.accept('a');
    run.endpoint = () => ({ kind });
    await run.deliver();
    expect([run.received, run.lane.row('a').skip_reason]).toEqual([[], kind]);
  });
});
