import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsoleSite, openConsoleSite } from '../../support/local/console-site.ts';

let site: ConsoleSite;
beforeAll(async () => {
  site = await openConsoleSite();
});
afterAll(() => site?.stop());

describe('shares in the settings', () => {
  it.each([
    { name: 'Returns', scheme: 'light', width: 1280 },
    { name: 'Refunds', scheme: 'dark', width: 390 },
  ] as const)('are offered, accepted, left and taken back ($scheme, $width px)', async ({ name, ...view }) => {
    const { demo, client, hub } = site.site;
    const organization = `/api/v5/orgs/${demo.organization_id}`;
    const made = await client.request('POST', `${organization}/teams`, { name });
    const { id } = made.body as { id: string };
    const owner = await site.open(view);
    await owner.signIn({ token: demo.settings_token });
    await owner.page.goto(`${hub.url}/console/settings/teams/${id}`);
    await owner.page.getByText('The team is yours alone.').waitFor();
    await owner.page.getByRole('button', { name: 'Offer to a partner' }).click();
    const offer = owner.page.getByRole('dialog');
    await offer.getByRole('button', { name: 'Offer' }).click();
    await offer.getByText('Enter the ID of an organization.').waitFor();
    expect(await owner.faults()).toEqual([]);
    await offer.getByLabel('ID of the partner’s organization').fill(crypto.randomUUID());
    await offer.getByRole('button', { name: 'Offer' }).click();
    await offer.getByText('Partner organization not found.').waitFor();

    const partner = await site.open(view);
    await partner.signIn({ token: demo.other.settings_token });
    await partner.page.goto(`${hub.url}/console/settings/received`);
    await partner.page.getByText('Nobody shares teams with you.').waitFor();
    expect(await partner.faults()).toEqual([]);
    const own = await partner.page.locator('code').textContent();
    await offer.getByLabel('ID of the partner’s organization').fill(own ?? '');
    await offer.getByRole('button', { name: 'Offer' }).click();
    await owner.page.getByText('Waits for them').waitFor();
    expect(await owner.faults()).toEqual([]);

    await partner.page.reload();
    const received = partner.page.getByRole('row').filter({ hasText: name });
    await received.getByText('Waits for you').waitFor();
    await received.getByRole('button', { name: 'Accept' }).click();
    await partner.page.getByRole('alertdialog').getByText('You can leave at any time.').waitFor();
    expect(await partner.faults()).toEqual([]);
    await partner.page.getByRole('alertdialog').getByRole('button', { name: 'Accept' }).click();
    await received.getByText('Shared', { exact: true }).waitFor();
    expect(await partner.faults()).toEqual([]);
    await received.getByRole('button', { name: 'Leave' }).click();
    await partner.page.getByRole('alertdialog').getByRole('button', { name: 'Leave' }).click();
    await partner.page.getByText('Nobody shares teams with you.').waitFor();

    await owner.page.goto(`${hub.url}/console/settings/rooms/${demo.room_id}`);
    await owner.page.getByRole('button', { name: 'Offer to a partner' }).click();
    await offer.getByLabel('ID of the partner’s organization').fill(demo.other.organization_id);
    await offer.getByRole('button', { name: 'Offer' }).click();
    await owner.page.getByText('Waits for them').waitFor();
    await partner.page.reload();
    const room = partner.page.getByRole('row').filter({ hasText: 'Support' });
    await room.getByRole('button', { name: 'Decline' }).click();
    await partner.page.getByRole('alertdialog').getByText('can offer it again.').waitFor();
    expect(await partner.faults()).toEqual([]);
    await partner.page.getByRole('alertdialog').getByRole('button', { name: 'Decline' }).click();
    await partner.page.getByText('Nobody shares rooms with you.').waitFor();

    await client.request('PUT', `${organization}/teams/${id}/shares/${demo.other.organization_id}`);
    await owner.page.goto(`${hub.url}/console/settings/teams/${id}`);
    await owner.page.getByRole('button', { name: 'Take back' }).click();
    await owner.page.getByRole('alertdialog').getByText('Nothing was shared yet.').waitFor();
    expect(await owner.faults()).toEqual([]);
    await owner.page.getByRole('alertdialog').getByRole('button', { name: 'Take back' }).click();
    await owner.page.getByText('The team is yours alone.').waitFor();
    expect(owner.complaints.filter((each) => !/status of 404/.test(each))).toEqual([]);
    expect(partner.complaints).toEqual([]);
  });
});
