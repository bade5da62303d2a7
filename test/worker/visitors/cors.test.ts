import { beforeAll, describe, expect, it } from 'vitest';
import { call } from '../../support/worker/requests.ts';
import { Site, visit } from '../../support/worker/visitor-site.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.open();
});

const SHOP = 'https://shop.example';
const allowing = (CORS_ORIGINS: string) => ({ env: { CORS_ORIGINS }, headers: { Origin: SHOP } });

describe('web pages that call the public API', () => {
  it('may have any origin unless the setting says otherwise', async () => {
    const answer = await visit(null, 'POST', `/orgs/${site.organizationId}/auth`, {}, { headers: { Origin: SHOP } });
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([200, '*']);
    expect(answer.headers.has('Access-Control-Allow-Credentials')).toBe(false);
  });

  it.each([
    ['https://shop.example', SHOP],
    ['https://other.example, https://shop.example/', SHOP],
    ['https://other.example', null],
    ['', null],
  ])('with the origins "%s"', async (origins, allowed) => {
    const answer = await visit(null, 'POST', `/orgs/${site.organizationId}/auth`, {}, allowing(origins));
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([200, allowed]);
    expect(answer.headers.get('Vary')).toContain('Origin');
  });

  it('may send preflight requests without a token', async () => {
    const answer = await visit(null, 'OPTIONS', `${site.room}/visitors`, undefined, {
      headers: {
        Origin: SHOP,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(answer.headers.get('Access-Control-Allow-Methods')).toBe('GET,POST,PUT,PATCH,DELETE');
    expect(answer.headers.get('Access-Control-Allow-Headers')).toBe('Authorization,Content-Type,Idempotency-Key');
  });

  it('may read refusals, including 404', async () => {
    const headers = { Origin: SHOP };
    for (const [path, status] of [
      [site.room, 401],
      ['/nowhere', 404],
    ] as const) {
      const answer = await visit(null, 'GET', path, undefined, { headers });
      expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([status, '*']);
    }
  });

  it('may call the whole API, read what clients need, and never with cookies', async () => {
    const headers = { Origin: SHOP };
    for (const path of ['/api/v5/users/me', '/api/v6/users/me', `/api/v5/public/orgs/${site.organizationId}/auth`]) {
      const preflight = await call(path, {
        method: 'OPTIONS',
        headers: { ...headers, 'Access-Control-Request-Method': 'GET' },
      });
      expect([path, preflight.status, preflight.headers.get('Access-Control-Allow-Origin')]).toEqual([path, 204, '*']);
      const refused = await call(path, { headers });
      expect(refused.headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(refused.headers.get('Access-Control-Expose-Headers')).toBe(
        'x-request-id,Retry-After,Idempotent-Replayed,Link',
      );
      expect(refused.headers.has('Access-Control-Allow-Credentials')).toBe(false);
      const foreign = await call(path, allowing('https://other.example'));
      expect(foreign.headers.has('Access-Control-Allow-Origin')).toBe(false);
    }
  });

  it('are not let into the operator’s API', async () => {
    const answer = await call('/admin/v1/organizations', { headers: { Origin: SHOP } });
    expect(answer.headers.has('Access-Control-Allow-Origin')).toBe(false);
  });
});
