/** An alarm that is so late (ms) was dropped by the platform: it rings within seconds of its time, or has failed six times. */
const DROPPED_AFTER = 60_000;

/**
 * The one alarm that an object has, with what it is set to kept in memory: asking the platform is an await, and answers
 * null while the alarm rings. Times in ms.
 */
export class AlarmClock {
  #armedAt: number | null = null;
  readonly #state: DurableObjectState;
  /** Told when the platform did not take an alarm. */
  readonly #failed: (error: unknown) => void;

  constructor(state: DurableObjectState, failed: (error: unknown) => void) {
    this.#state = state;
    this.#failed = failed;
  }

  /** Learns what an earlier instance of the object has set. Nothing may be armed before that. */
  async start(): Promise<void> {
    this.#armedAt = await this.#state.storage.getAlarm();
  }

  /** The alarm rings now, so none is set. */
  ring(): void {
    this.#armedAt = null;
  }

  /** Makes the alarm ring at `at` at the latest; answers whether that had to be written. Must run in the turn of the commit it belongs to. */
  armBy(at: number): boolean {
    const isDropped = this.#armedAt !== null && this.#armedAt < Date.now() - DROPPED_AFTER;
    if (this.#armedAt !== null && !isDropped && this.#armedAt <= at) return false;
    this.arm(at);
    return true;
  }

  /** Makes the alarm ring at `at`, whatever is known of it. */
  arm(at: number): void {
    this.#armedAt = at;
    const armed = this.#state.storage.setAlarm(at).catch((error) => {
      if (this.#armedAt === at) this.#armedAt = null;
      this.#failed(error);
    });
    this.#state.waitUntil(armed);
  }
}
