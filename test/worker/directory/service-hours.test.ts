import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setClock } from '../../support/worker/clock.ts';
import { arrive, ask, type Json } from '../../support/worker/organization.ts';
import { admin } from '../../support/worker/requests.ts';
import { Site, type Visitor, visit } from '../../support/worker/visitor-site.ts';

/** A Monday in summer, 09:30 in Helsinki. */
const MORNING = Date.parse('2026-07-06T06:30:00Z');
const EVENING = Date.parse('2026-07-06T18:00:00Z');
const PLAN = { time_zone: 'Europe/Helsinki', hours: [{ day: 'monday', from: '09:00', to: '17:00' }] };

let site: Site;

beforeEach(async () => {
  site = await Site.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const operator = (method: string, body?: Json) =>
  admin(`/organizations/${site.organizationId}/rooms/${site.roomId}`, { method, ...(body && { body }) });
const shown = async () => (await ask(site.agent, 'GET', `/orgs/${site.organizationId}/rooms/${site.roomId}`)).json;

describe('the service hours of a room', () => {
  it('decide whether it is open, in the view of agents, of the operator and of visitors', async () => {
    setClock(MORNING);
    await arrive(site.agent);
    const visitor = await site.visitor();
    expect((await operator('PATCH', { service_hours: PLAN })).json).toMatchObject({
      service_hours: PLAN,
      is_open: true,
    });
    expect(await shown()).toMatchObject({
      is_service_hours_enabled: true,
      service_hours: PLAN,
      is_open: true,
      is_online: true,
      is_humans_online: true,
    });
    expect((await visit(visitor.token, 'GET', site.room)).json).toMatchObject({ is_open: true, is_online: true });

    setClock(EVENING);
    const late = await site.visitor();
    const closed = { is_open: false, is_online: false };
    expect(await shown()).toMatchObject({ ...closed, is_humans_online: false, service_hours: PLAN });
    expect((await operator('GET')).json).toMatchObject(closed);
    expect((await visit(late.token, 'GET', site.room)).json).toMatchObject(closed);
  });

  it('with require_online let visitors start chats only then, and resume them always', async () => {
    setClock(MORNING);
    await arrive(site.agent);
    await operator('PATCH', { service_hours: PLAN, require_online: true });
    const chatsOf = ({ id }: Visitor) => `${site.room}/visitors/${id}/chats`;
    const early = await site.visitor();
    const opened = await visit(early.token, 'POST', chatsOf(early));
    expect(opened.status).toBe(201);
    setClock(EVENING);
    await arrive(site.agent);
    const late = await site.visitor();
    const refused = await visit(late.token, 'POST', chatsOf(late));
    expect([refused.status, refused.json]).toEqual([409, { detail: 'Nobody is online in this room.' }]);
    await operator('PATCH', { service_hours: null });
    expect((await visit(late.token, 'POST', chatsOf(late))).status).toBe(201);
  });

  it('survive a PUT of what GET has shown at night, which closes nothing', async () => {
    setClock(EVENING);
    const before = await operator('PATCH', { service_hours: PLAN });
    expect(before.json['is_open']).toBe(false);
    expect((await operator('PUT', before.json)).json).toEqual({ ...before.json, updated_at: expect.any(String) });
    expect((await operator('PATCH', { service_hours: null })).json).toMatchObject({
      is_open: true,
      is_service_hours_enabled: false,
      service_hours: null,
    });
  });

  it('come before the switch, which counts again without them', async () => {
    setClock(MORNING);
    await operator('PATCH', { is_open: false });
    expect((await operator('PATCH', { service_hours: PLAN })).json['is_open']).toBe(true);
    expect((await operator('PATCH', { service_hours: null })).json['is_open']).toBe(false);
    expect((await operator('PATCH', { service_hours: { ...PLAN, hours: [] } })).json['is_open']).toBe(false);
  });
});

describe('refused are', () => {
  const span = PLAN.hours[0];

  it.each<[string, Json, Json]>([
    ['an unknown zone', { ...PLAN, time_zone: 'Europe/Atlantis' }, { time_zone: [expect.any(String)] }],
    ['an offset', { ...PLAN, time_zone: '+02:00' }, { time_zone: [expect.any(String)] }],
    ['a missing zone', { hours: [] }, { time_zone: ['This field is required.'] }],
    ['missing hours', { time_zone: 'UTC' }, { hours: ['This field is required.'] }],
    ['an unknown day', { ...PLAN, hours: [{ ...span, day: 'Monday' }] }, { hours: [{ day: [expect.any(String)] }] }],
    [
      'an hour 25',
      { ...PLAN, hours: [{ ...span, to: '25:00' }] },
      { hours: [{ to: ['Enter a time such as 09:00.'] }] },
    ],
    [
      'a start at 24:00',
      { ...PLAN, hours: [{ ...span, from: '24:00' }] },
      { hours: [expect.objectContaining({ from: ['Enter a time such as 09:00.'] })] },
    ],
    [
      'an end before the start',
      { ...PLAN, hours: [{ ...span, from: '17:00', to: '09:00' }] },
      { hours: [{ to: ['The end must be later than the start.'] }] },
    ],
    [
      'too many spans',
      { ...PLAN, hours: Array.from({ length: 101 }, () => span) },
      { hours: ['Ensure this field has no more than 100 elements.'] },
    ],
  ])('%s', async (_, service_hours, errors) => {
    const answer = await operator('PATCH', { service_hours });
    expect([answer.status, answer.json]).toEqual([400, { service_hours: errors }]);
    expect((await shown())['service_hours']).toBeNull();
  });
});
