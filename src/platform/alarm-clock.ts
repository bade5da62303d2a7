/**
 * An alarm that is this late (ms) was dropped by the platform. Normally it rings within seconds, and is dropped after
 * six failures.
 */
const DROPPED_AFTER = 60_000;

/**
 * The one alarm of an object. Its time is kept in memory, because a read from the platform must be awaited and gives
 * null while the alarm rings. Times in ms.
 */
export class AlarmClock {
  #armedAt: number | null = null;
  readonly #state: DurableObjectState;
  /** Called when the platform has not accepted an alarm. */
  readonly #failed: (error: unknown) => void;

  constructor(state: DurableObjectState, failed: (error: unknown) => void) {
    this.#state = state;
    this.#failed = failed;
  }

  /** Reads the alarm that an earlier instance has set. Must finish before any alarm is set. */
  async start(): Promise<void> {
    this.#armedAt = await this.#state.storage.getAlarm();
  }

  /** Notes that the alarm rings: none is set now. */
  ring(): void {
    this.#armedAt = null;
  }

  /**
   * Makes the alarm ring at `at` or earlier. Answers whether a write was needed. Must run in the same turn as the
   * commit that it belongs to.
   */
  armBy(at: number): boolean {
    const isDropped = this.#armedAt !== null && this.#armedAt < Date.now() - DROPPED_AFTER;
    if (this.#armedAt !== null && !isDropped && this.#armedAt <= at) return false;
    this.arm(at);
    return true;
  }

  /** Makes the alarm ring at `at`, whatever was set before. */
  arm(at: number): void {
    this.#armedAt = at;
    const armed = this.#state.storage.setAlarm(at).catch((error) => {
      if (this.#armedAt === at) this.#armedAt = null;
      this.#failed(error);
    });
    this.#state.waitUntil(armed);
  }
}
