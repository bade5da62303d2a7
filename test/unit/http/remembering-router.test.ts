import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { RememberingRouter } from '../../../src/http/remembering-router.ts';

function appWith(router: RememberingRouter<never>) {
  const app = new Hono({ router: router as never });
  app.use(async (c, next) => {
    await next();
    c.header('x-passed', 'yes');
  });
  app.get('/chats/:id', (c) => c.text(`chat ${c.req.param('id')}`));
  app.get('/chats/:id/messages/:message', (c) => c.text(`message ${c.req.param('message')} of ${c.req.param('id')}`));
  app.post('/chats/:id', (c) => c.text(`changed ${c.req.param('id')}`));
  return app;
}

describe('a router with a cache', () => {
  it('answers each path with its own parameters, the first time and later', async () => {
    const app = appWith(new RememberingRouter());
    for (let time = 0; time < 2; time++) {
      for (const id of ['a', 'b%20c']) {
        expect(await (await app.request(`/chats/${id}`)).text()).toBe(`chat ${decodeURIComponent(id)}`);
        expect(await (await app.request(`/chats/${id}/messages/1?page=2`)).text()).toBe(
          `message 1 of ${decodeURIComponent(id)}`,
        );
      }
      expect(await (await app.request('/chats/a', { method: 'POST' })).text()).toBe('changed a');
      const unknown = await app.request('/nowhere');
      expect([unknown.status, unknown.headers.get('x-passed')]).toEqual([404, 'yes']);
    }
  });

  it('keeps a limited number of paths, and no long ones', () => {
    const router = new RememberingRouter<string>();
    router.add('GET', '/:name', 'found');
    const first = router.match('GET', '/first');
    expect(router.match('GET', '/first')).toBe(first);
    for (let other = 0; other < 2000; other++) router.match('GET', `/${other}`);
    expect(router.match('GET', '/first')).not.toBe(first);
    const long = `/${'x'.repeat(400)}`;
    expect(router.match('GET', long)).not.toBe(router.match('GET', long));
  });

  it('clears the cache when a route is added', () => {
    const router = new RememberingRouter<string>();
    router.add('GET', '/a', 'one');
    router.match('GET', '/a');
    router.add('GET', '/a', 'two');
    expect(router.match('GET', '/a')[0].map(([handler]) => handler)).toEqual(['one', 'two']);
  });
});
