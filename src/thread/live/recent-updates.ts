import type { ThreadUpdate } from '../../notifications/notifications.ts';
import { BoundedTail } from '../../platform/bounded-tail.ts';

/** Updates, and characters of their JSON. */
const LIMITS = { places: 200, characters: 1_000_000 };

/** The most recent updates of a thread in memory, so that publishing reads nothing. */
export class RecentUpdates extends BoundedTail<ThreadUpdate> {
  constructor() {
    super(LIMITS, (update) => ({ places: 1, characters: JSON.stringify(update).length }));
  }
}
