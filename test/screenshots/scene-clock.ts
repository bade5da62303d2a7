import type { BrowserContext } from 'playwright-core';

const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const SECOND = 1_000;

/**
 * The clock of a scene that is always the same: what the hub writes within a few seconds is shown as if it had happened at
 * the times that the scene names. The pages of a `BrowserContext` see these times, and the hub gets its own back.
 */
export class SceneClock {
  readonly #day: string;
  /** When the hub was at which time of the scene, in ms. */
  readonly #marks: { real: number; shown: number }[] = [];
  readonly #real = new Map<string, string>();
  readonly #texts: [real: string, shown: string][] = [];

  /** `day`: the scene's, as 2026-03-12. */
  constructor(day: string) {
    this.#day = day;
  }

  /** What happens from now on happens at this time of the scene, such as 09:30. */
  at(time: string): void {
    this.#marks.push({ real: Date.now(), shown: Date.parse(`${this.#day}T${time}:00.000Z`) });
  }

  /** Shows another text instead of one of the hub's that differs between runs, such as a port. */
  showInstead(real: string, shown: string): void {
    this.#texts.push([real, shown]);
  }

  /** Now, in ms of the scene: the time that was named last. */
  now(): number {
    return this.#marks.at(-1)?.shown ?? Date.parse(`${this.#day}T00:00:00.000Z`);
  }

  async shownIn(context: BrowserContext): Promise<void> {
    await context.clock.setFixedTime(this.now());
    await context.route('**/api/**', async (route) => {
      const asked = route.request().postData();
      const response = await route.fetch(asked === null ? {} : { postData: this.#asReal(asked) });
      await route.fulfill({ response, body: this.#asShown(await response.text()) });
    });
    await context.routeWebSocket(/\/live/, (page) => {
      const hub = page.connectToServer();
      hub.onMessage((frame) => page.send(typeof frame === 'string' ? this.#asShown(frame) : frame));
    });
  }

  #asShown(text: string): string {
    const shown = text.replace(ISO, (time) => this.#shownTime(time));
    return this.#texts.reduce((before, [real, instead]) => before.replaceAll(real, instead), shown);
  }

  #asReal(text: string): string {
    const real = text.replace(ISO, (time) => this.#real.get(time) ?? time);
    return this.#texts.reduce((before, [original, shown]) => before.replaceAll(shown, original), real);
  }

  /** Times keep their order. What was within a second of a mark is shown with its fraction, what was later with the last one. */
  #shownTime(time: string): string {
    const real = Date.parse(time);
    const last = this.#marks.at(-1);
    const mark = this.#marks.findLast((each) => each.real <= real);
    if (mark === undefined) return time;
    const since = real - mark.real;
    // What is still to come keeps its distance, in whole seconds.
    const isToCome = mark === last && since > 10 * SECOND;
    const shown = new Date(mark.shown + (isToCome ? Math.round(since / SECOND) * SECOND : Math.min(since, SECOND - 1)));
    const iso = shown.toISOString();
    this.#real.set(iso, time);
    return iso;
  }
}
