import { z } from 'zod';
import type { Pointer } from '../rpc/lane.ts';

const versionSchema = z.object({ v: z.int().min(1) });

const pointerSchema: z.ZodType<Pointer> = z.object({
  v: z.literal(1),
  thread: z.string().min(1),
  receiver: z.string().min(1),
  track: z.enum(['lane', 'replay']),
  drain: z.boolean(),
});

/** `newer`: written by a later version of the hub during a rollout. `garbage`: no pointer of any version. */
export type ParsedPointer = { kind: 'pointer'; pointer: Pointer } | { kind: 'newer' } | { kind: 'garbage' };

/** Reads the body of a queue message: a message from last week's version may still be in the queue. */
export function parsePointer(body: unknown): ParsedPointer {
  const version = versionSchema.safeParse(body);
  if (version.success && version.data.v > 1) return { kind: 'newer' };
  const parsed = pointerSchema.safeParse(body);
  return parsed.success ? { kind: 'pointer', pointer: parsed.data } : { kind: 'garbage' };
}

/** Longest delay of a queue message in seconds that every version of the platform's limits allows. */
const MAX_DELAY_SECONDS = 43_200;

/** A delay as the queue takes it: whole seconds, at most 12 h. A pointer that comes too early is answered `wait`. */
export function queueDelay(seconds: number): number {
  return Math.min(Math.max(0, Math.ceil(seconds)), MAX_DELAY_SECONDS);
}
