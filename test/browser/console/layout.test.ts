import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
  await site.write('layout', `A long word: ${'x'.repeat(400)}`, `Somebody with a very long name ${'y'.repeat(80)}`);
});
afterAll(() => site?.stop());

describe('the console on screens of all sizes', () => {
  it.each([
    ['a telephone', 390, 780, 'light'],
    ['a telephone', 390, 780, 'dark'],
    ['a tablet', 820, 1180, 'light'],
    // A window of 1280 pixels with text at 200 %.
    ['a window with large text', 640, 360, 'light'],
  ] as const)('shows list and chat on %s (%i × %i, %s) and cuts nothing off', async (_, width, height, scheme) => {
    const { page, signIn, faults, complaints } = await site.open({ width, height, scheme });
    await signIn(site.site.demo.agent);
    const widthOf = () => page.evaluate('document.documentElement.scrollWidth');
    const row = page.getByRole('link', { name: /Somebody with a very long name/ });
    await row.waitFor();
    expect(await widthOf()).toBe(width);
    expect(await faults()).toEqual([]);
    await row.click();
    await page.getByRole('log').getByText('A long word').waitFor();
    expect(await widthOf()).toBe(width);
    await page.getByRole('button', { name: 'About the visitor' }).click();
    await page.getByText('Nobody answers this chat.').waitFor();
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'About the visitor' }).click();
    if (width < 760) {
      await page.getByRole('button', { name: 'Back to the list' }).click();
      await row.waitFor();
    }
    expect(complaints).toEqual([]);
  });
});
