import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

/** One red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
  'base64',
);
const PATIENT = { timeout: 15_000 };

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

it.each(['light', 'dark'] as const)(
  'files are chosen, dropped and pasted, sent once, and shown as what they are; a message is edited and deleted (%s)',
  async (scheme) => {
    const { page, signIn, faults, complaints } = await site.open({ scheme });
    await signIn(site.site.demo.agent);
    await site.write(scheme, 'Can you send me the invoice?', `Jane ${scheme}`);
    await page.getByRole('link', { name: new RegExp(`Jane ${scheme}`) }).click();
    await page.getByRole('button', { name: 'Take the chat' }).click();
    const list = page.getByRole('list', { name: 'Files to be sent' });
    await page.getByLabel('Files', { exact: true }).setInputFiles([
      { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7 an invoice') },
      { name: '<b>pixel</b>.png', mimeType: 'image/png', buffer: PNG },
      { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
    ]);
    await list.getByText('Not uploaded: The file is empty.').waitFor();
    // What would go without one of its files does not go.
    await page.getByLabel('Your answer').fill('Too early');
    await page.getByText('Remove the file that was not uploaded, or try it again').waitFor();
    await page.keyboard.press('Enter');
    expect(await page.getByLabel('Your answer').inputValue()).toBe('Too early');
    expect(await faults()).toEqual([]);
    await list.getByRole('button', { name: 'Remove empty.txt' }).click();
    // What is uploaded outlives a reload.
    await expect.poll(() => list.getByRole('progressbar').count(), PATIENT).toBe(0);
    await page.reload();
    await list.getByText('invoice.pdf').waitFor();
    await page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File(['Dropped and small'], 'notes.txt', { type: 'text/plain' }));
      const form = document.querySelector('.composer-form');
      for (const type of ['dragover', 'drop']) form.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true }));
    }`);
    await list.getByText('notes.txt').waitFor();
    // What misses the field is not opened in place of the page; a text that has a picture beside it is pasted as a text.
    const isKept = await page.evaluate(`{
      const data = new DataTransfer();
      data.items.add(new File(['Missed'], 'missed.txt'));
      !document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }`);
    expect(isKept).toBe(true);
    await page.evaluate(`{
      const paste = (...types) => {
        const data = new DataTransfer();
        data.items.add(new File(['x'], 'pasted.txt', { type: 'text/plain' }));
        for (const type of types) data.setData(type, 'cells');
        const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
        document.querySelector('[data-composer]').dispatchEvent(event);
      };
      paste('text/plain');
      paste();
    }`);
    await list.getByText('pasted.txt').waitFor();
    expect(await list.getByText('pasted.txt').count()).toBe(1);
    await list.getByRole('button', { name: 'Remove pasted.txt' }).click();
    await expect.poll(() => list.getByRole('progressbar').count(), PATIENT).toBe(0);
    await page.getByLabel('Your answer').fill('Here it is.');
    await page.keyboard.press('Enter');

    const log = page.getByRole('log');
    const sent = await site.site.receiver.waitFor(
      ({ body }) => body.includes('Here it is.') && body.includes(`"${scheme}"`),
    );
    expect(JSON.parse(sent.body).message.attachments.map(({ title }: { title: string }) => title)).toEqual([
      'invoice.pdf',
      '<b>pixel</b>.png',
      'notes.txt',
    ]);
    await log.getByText('PDF · 19 bytes').waitFor();
    await expect
      .poll(() => page.evaluate(`document.querySelector('.attachment-image')?.naturalWidth`), PATIENT)
      .toBe(1);
    expect(await list.count()).toBe(0);
    expect(await log.locator('b').count()).toBe(0);
    expect(await log.getByText('Here it is.').count()).toBe(1);
    const download = page.waitForEvent('download');
    await log.getByRole('link', { name: 'invoice.pdf' }).click();
    expect((await download).suggestedFilename()).toBe('invoice.pdf');
    expect(await faults()).toEqual([]);

    await log.getByRole('button', { name: 'Edit this message' }).click();
    await page.getByLabel('New text of the message').fill('Here is the right one.');
    expect(await faults()).toEqual([]);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await log.getByText('Here is the right one.').waitFor();
    await log.getByText('edited').waitFor();
    await log.getByRole('button', { name: 'Delete this message' }).click();
    await log.getByText('Who was sent it already keeps it.').waitFor();
    expect(await faults()).toEqual([]);
    await log.getByRole('button', { name: 'Delete', exact: true }).click();
    await log.getByText('Deleted message').waitFor();
    await log.getByText('invoice.pdf').waitFor({ state: 'hidden' });

    // A message of files alone, whose answer is lost on its way, is there once.
    let isLost = false;
    await page.route('**/messages', async (route) => {
      if (isLost || route.request().method() !== 'POST') return route.fallback();
      isLost = true;
      await route.fetch();
      await route.fulfill({ status: 503, headers: { 'Retry-After': '1' }, body: '{}' });
    });
    await page
      .getByLabel('Files', { exact: true })
      .setInputFiles([{ name: 'alone.txt', mimeType: 'text/plain', buffer: Buffer.from('Alone') }]);
    await expect.poll(() => page.getByRole('button', { name: 'Send', exact: true }).isEnabled(), PATIENT).toBe(true);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await log.getByRole('link', { name: 'alone.txt' }).waitFor();
    await expect.poll(() => log.getByText('alone.txt').count(), PATIENT).toBe(1);
    expect(complaints.filter((each) => !each.includes('503'))).toEqual([]);
  },
);
