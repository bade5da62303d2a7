import type { Page } from 'playwright-core';
import type { Scene } from './scene.ts';

/** Who looks: an agent, somebody with all rights, or nobody yet. */
type Who = 'agent' | 'settings' | null;

export type Picture = {
  /** Of the file. */
  name: string;
  who: Who;
  /** The address below `/console`. */
  path: (scene: Scene) => string;
  /** What must be there before the picture is taken, and what is done first. */
  ready: (page: Page) => Promise<unknown>;
  isPhone?: boolean;
};

const heading = (name: string) => (page: Page) => page.getByRole('heading', { name, level: 1 }).waitFor();

/** The pictures of docs/console.md, in its order. */
export const PICTURES: readonly Picture[] = [
  {
    name: 'sign-in',
    who: null,
    path: () => '/',
    ready: (page) => page.getByRole('button', { name: 'Agent Smith' }).waitFor(),
  },
  {
    name: 'waiting',
    who: 'agent',
    path: () => '/inbox/waiting',
    ready: (page) => page.getByRole('link', { name: /Maria Silva/ }).waitFor(),
  },
  {
    name: 'chat',
    who: 'agent',
    path: ({ janesChat }) => `/inbox/mine/${janesChat}`,
    ready: (page) => page.getByRole('region', { name: 'Suggested answer' }).waitFor(),
  },
  {
    name: 'phone',
    who: 'agent',
    path: ({ janesChat }) => `/inbox/mine/${janesChat}`,
    ready: (page) => page.getByRole('region', { name: 'Suggested answer' }).waitFor(),
    isPhone: true,
  },
  {
    name: 'invitations',
    who: 'agent',
    path: () => '/inbox/invitations',
    ready: (page) => page.getByText('Omar Khan').first().waitFor(),
  },
  {
    name: 'profile',
    who: 'agent',
    path: () => '/settings/profile',
    ready: heading('My profile'),
  },
  {
    name: 'replies',
    who: 'settings',
    path: () => '/settings/replies',
    ready: (page) => page.getByRole('cell', { name: 'thanks' }).waitFor(),
  },
  {
    name: 'palette',
    who: 'agent',
    path: ({ janesChat }) => `/inbox/mine/${janesChat}`,
    ready: async (page) => {
      await page.getByRole('region', { name: 'Suggested answer' }).waitFor();
      await page.keyboard.press('Control+K');
      await page.getByRole('dialog').getByText('Hand the chat over').waitFor();
    },
  },
  {
    name: 'deliveries',
    who: 'settings',
    path: ({ mail }) => `/deliveries?receiver=${mail}`,
    ready: async (page) => {
      await page.getByText('Failed 1/1').first().waitFor();
      await page.getByText(/accepted = /).waitFor();
    },
  },
  {
    name: 'delivery',
    who: 'settings',
    path: ({ mail }) => `/deliveries?receiver=${mail}&status=exhausted`,
    ready: async (page) => {
      await page.getByRole('row').nth(1).getByRole('link').first().click();
      await page.getByText('What it answered').click();
    },
  },
  {
    name: 'channel',
    who: 'settings',
    path: ({ mail }) => `/settings/channels/${mail}`,
    ready: (page) => page.getByText(/accepted = /).waitFor(),
  },
  {
    name: 'router',
    who: 'settings',
    path: ({ router }) => `/settings/routers/${router}`,
    ready: (page) =>
      page
        .getByText(/Reaches/)
        .first()
        .waitFor(),
  },
  {
    name: 'users',
    who: 'settings',
    path: () => '/settings/users',
    ready: (page) => page.getByRole('cell', { name: 'Agent Jones' }).waitFor(),
  },
  {
    name: 'audit-log',
    who: 'settings',
    path: () => '/settings/audit-log',
    ready: (page) => page.getByRole('cell').first().waitFor(),
  },
  { name: 'room', who: 'settings', path: ({ room }) => `/settings/rooms/${room}`, ready: heading('Returns') },
  {
    name: 'app',
    who: 'settings',
    path: ({ translator }) => `/settings/app-catalogue/${translator}`,
    ready: (page) => page.getByRole('button', { name: 'Install' }).waitFor(),
  },
  { name: 'organization', who: 'settings', path: () => '/settings/organization', ready: heading('Organization') },
  {
    name: 'interfaces',
    who: 'settings',
    path: () => '/settings/interfaces',
    ready: (page) =>
      page
        .getByText(/^In use/)
        .first()
        .waitFor(),
  },
  { name: 'team', who: 'settings', path: ({ team }) => `/settings/teams/${team}`, ready: heading('Orders') },
  {
    name: 'received',
    who: 'settings',
    path: () => '/settings/received',
    ready: (page) => page.getByRole('button', { name: 'Accept' }).waitFor(),
  },
  {
    name: 'privacy',
    who: 'settings',
    path: () => '/settings/privacy',
    ready: (page) => page.getByText(/^Done/).waitFor(),
  },
  {
    name: 'usage',
    who: 'settings',
    path: () => '/settings/usage',
    ready: (page) => page.getByRole('cell', { name: 'Routers' }).waitFor(),
  },
  {
    name: 'own-app',
    who: 'settings',
    path: ({ shelves }) => `/settings/own-apps/${shelves}`,
    ready: heading('Shelf finder'),
  },
  {
    name: 'installed-app',
    who: 'settings',
    path: ({ lookup }) => `/settings/apps/${lookup}`,
    ready: (page) => page.getByText('It has none.').waitFor(),
  },
];
