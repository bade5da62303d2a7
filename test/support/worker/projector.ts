import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import type { ProjectorStub, ReplicaBatch } from '../../../src/rpc/projector.ts';

type Write = ProjectorStub['write'];

/**
 * Puts `write` between the current instance of a thread and its projector, until mocks are restored. Objects of a
 * runtime share their bindings: other threads that are still busy have the real projector.
 */
export async function replaceProjector(
  name: string,
  write: (real: Write, ...batches: Parameters<Write>) => ReturnType<Write>,
): Promise<void> {
  await runInDurableObject(env.THREADS.getByName(name), (instance) => {
    const { PROJECTORS } = (instance as unknown as { env: Env }).env;
    const getByName = (Object.getPrototypeOf(PROJECTORS) as typeof PROJECTORS).getByName.bind(PROJECTORS);
    vi.spyOn(PROJECTORS, 'getByName').mockImplementation(((...address: Parameters<typeof getByName>) => {
      const stub = getByName(...address) as unknown as ProjectorStub;
      const real: Write = (database, batches) => stub.write(database, batches);
      const isOurs = (batches: readonly ReplicaBatch[]) => batches.some(({ thread }) => thread === name);
      return {
        write: ((database, batches) =>
          isOurs(batches) ? write(real, database, batches) : real(database, batches)) satisfies Write,
      };
    }) as never);
  });
}

/**
 * Counts what a thread sends to its projector from now on. `meet` does so again, for a later instance of the object.
 */
export async function countWrites(name: string): Promise<{ count: () => number; meet: () => Promise<void> }> {
  let writes = 0;
  const meet = () =>
    replaceProjector(name, (real, ...batches) => {
      writes += 1;
      return real(...batches);
    });
  await meet();
  return { count: () => writes, meet };
}
