import { runInDurableObject } from 'cloudflare:test';
import { vi } from 'vitest';
import type { ProjectorStub, Slice } from '../../../src/rpc/projector.ts';
import { type Channel, nameOf, objectOf } from './fixtures.ts';

type Write = ProjectorStub['write'];

/**
 * Puts `write` between a channel's thread `t`, as it lives now, and its projector, until mocks are restored. Objects of a runtime share
 * their bindings: other threads that are still busy have the real projector.
 */
export async function replaceProjector(
  channel: Channel,
  write: (real: Write, ...slices: Parameters<Write>) => ReturnType<Write>,
): Promise<void> {
  await runInDurableObject(objectOf(channel), (instance) => {
    const { PROJECTORS } = (instance as unknown as { env: Env }).env;
    const getByName = (Object.getPrototypeOf(PROJECTORS) as typeof PROJECTORS).getByName.bind(PROJECTORS);
    vi.spyOn(PROJECTORS, 'getByName').mockImplementation(((...address: Parameters<typeof getByName>) => {
      const stub = getByName(...address) as unknown as ProjectorStub;
      const real: Write = (database, slices) => stub.write(database, slices);
      const isOurs = (slices: readonly Slice[]) => slices.some(({ thread }) => thread === nameOf(channel));
      return {
        write: ((database, slices) =>
          isOurs(slices) ? write(real, database, slices) : real(database, slices)) satisfies Write,
      };
    }) as never);
  });
}
