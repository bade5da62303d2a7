import { expect, it } from 'vitest';
import { freePort } from '../../../scripts/free-port.ts';

it('gives each call a port of its own, of those of the process', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => freePort()));
  expect(new Set(ports).size).toBe(50);
  const shares = new Set(ports.map((port) => Math.floor(port / 200)));
  expect([...shares]).toEqual([100 + (process.pid % 60)]);
});
