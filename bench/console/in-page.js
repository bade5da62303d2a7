/**
 * What the benchmark of the console measures inside the page: times are those of the page, from what a person does to
 * what the browser has painted. It is put into each page before its own scripts, as `bench`.
 */
{
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())));
  /** The time at which a frame is painted: the next task after it. */
  const painted = () =>
    new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now());
      requestAnimationFrame(() => channel.port2.postMessage(null));
    });
  const log = () => document.querySelector('[role=log]');
  const list = () => document.querySelector('.list-frame');

  /** Resolves once `isTrue`, looked at in each frame. */
  async function until(what, isTrue) {
    const begin = performance.now();
    while (!isTrue()) {
      await frame();
      if (performance.now() - begin > 20_000) throw new Error(`not seen: ${what}`);
    }
  }

  /** Brings the row of a chat into the list's window. */
  async function rowOf(name, place) {
    const find = () => [...document.querySelectorAll('.list-link')].find(({ title }) => title === name);
    await until('rows', () => document.querySelector('.list-link') !== null);
    const height = list().querySelector('li').offsetHeight;
    // A further page of the list is read when its end is near.
    await until(name, () => {
      list().scrollTop = place * height - 200;
      return find() !== undefined;
    });
    await frame();
    return find();
  }

  globalThis.bench = {
    /** Clicks the row of a chat. Answers the ms until its newest message is painted. */
    async opened(name, place, text) {
      const row = await rowOf(name, place);
      const begin = performance.now();
      row.click();
      const isShown = () => log()?.textContent.includes(text) === true;
      while (!isShown()) {
        await frame();
        if (performance.now() - begin > 20_000) throw new Error(`${name} was not shown`);
      }
      const channel = new MessageChannel();
      const end = new Promise((resolve) => {
        channel.port1.onmessage = () => resolve(performance.now());
      });
      channel.port2.postMessage(null);
      return (await end) - begin;
    },

    /** Resolves with the time (ms since 1970) at which a text is in the log. */
    seen(text) {
      return new Promise((resolve) => {
        const look = () => {
          if (log()?.textContent.includes(text) !== true) return;
          observer.disconnect();
          resolve(performance.timeOrigin + performance.now());
        };
        const observer = new MutationObserver(look);
        observer.observe(log(), { childList: true, subtree: true, characterData: true });
        look();
      });
    },

    /** From the next key press to its text in the log: ms, and the frames that came between. */
    watchSend(text) {
      const sent = new Promise((resolve) => {
        addEventListener(
          'keydown',
          () => {
            const begin = performance.now();
            let frames = 0;
            const count = () => {
              frames += 1;
              counting = requestAnimationFrame(count);
            };
            let counting = requestAnimationFrame(count);
            const observer = new MutationObserver(() => {
              if (!log().textContent.includes(text)) return;
              observer.disconnect();
              cancelAnimationFrame(counting);
              resolve({ milliseconds: performance.now() - begin, frames });
            });
            observer.observe(log(), { childList: true, subtree: true, characterData: true });
          },
          { capture: true, once: true },
        );
      });
      globalThis.bench.sent = sent;
    },

    /** How often a text is in the log. */
    count: (text) => log().textContent.split(text).length - 1,

    /** Scrolls an element by some px each frame, `frames` times. Answers the ms of each frame and the most rows of it. */
    async scroll(selector, step, frames, rows) {
      const element = document.querySelector(selector);
      const times = [];
      let most = 0;
      let before = await frame();
      for (let count = 0; count < frames; count++) {
        element.scrollTop += step;
        const now = await frame();
        times.push(now - before);
        before = now;
        most = Math.max(most, element.querySelectorAll(rows).length);
      }
      return { times, most };
    },

    /** Resolves with the longest frame (ms) until `name` is the first row of the list, and one frame more. */
    async movedUp(name) {
      list().scrollTop = 0;
      await until('the first row', () => list().querySelector('.list-link') !== null);
      const isFirst = () => {
        const links = [...document.querySelectorAll('.list-link')];
        const top = links.sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)[0];
        return top?.title === name;
      };
      let longest = 0;
      let before = await frame();
      for (let after = 0; after < 2; ) {
        const now = await frame();
        longest = Math.max(longest, now - before);
        before = now;
        if (isFirst()) after += 1;
      }
      return longest;
    },

    /** Scrolls up until nothing older is there, or `messages` messages were read back. Answers how many times it waited. */
    async readBack() {
      let pages = 0;
      for (let still = 0; still < 40; ) {
        const element = log();
        const height = element.scrollHeight;
        element.scrollTop = 0;
        await painted();
        if (log().scrollHeight === height) still += 1;
        else {
          still = 0;
          pages += 1;
        }
      }
      return pages;
    },
  };
}
