import { type ComponentType, type LazyExoticComponent, lazy } from 'react';

/** A page of the settings. `id`: the record that the address names; null for the list of all. */
export type SectionPage = LazyExoticComponent<ComponentType<{ id: string | null }>>;

export type Section = {
  /** Its part of the address, below `/settings`. */
  readonly path: string;
  readonly name: string;
  /** Without this scope it is not shown. Null: everybody has it. The hub refuses all the same. */
  readonly scope: 'settings' | 'users' | 'reports' | null;
  readonly page: SectionPage;
};

/** The settings, in the order in which they are shown. Each is loaded when somebody opens it. */
export const SECTIONS: readonly Section[] = [
  {
    path: 'organization',
    name: 'Organization',
    scope: 'settings',
    page: lazy(() => import('./organization/organization-page.tsx')),
  },
  { path: 'channels', name: 'Channels', scope: 'settings', page: lazy(() => import('./channels/channels-page.tsx')) },
  { path: 'rooms', name: 'Rooms', scope: 'settings', page: lazy(() => import('./rooms/rooms-page.tsx')) },
  { path: 'routers', name: 'Routers', scope: 'settings', page: lazy(() => import('./routers/routers-page.tsx')) },
  {
    path: 'interfaces',
    name: 'Interfaces',
    scope: 'settings',
    page: lazy(() => import('./interfaces/interfaces-page.tsx')),
  },
  {
    path: 'apps',
    name: 'Installed apps',
    scope: 'settings',
    page: lazy(() => import('./apps/installed-apps-page.tsx')),
  },
  {
    path: 'app-catalogue',
    name: 'App catalogue',
    scope: 'settings',
    page: lazy(() => import('./apps/app-catalogue-page.tsx')),
  },
  { path: 'own-apps', name: 'Own apps', scope: 'settings', page: lazy(() => import('./apps/own-apps-page.tsx')) },
  { path: 'users', name: 'Users', scope: 'users', page: lazy(() => import('./users/users-page.tsx')) },
  { path: 'teams', name: 'Teams', scope: 'users', page: lazy(() => import('./teams/teams-page.tsx')) },
  { path: 'replies', name: 'Canned replies', scope: null, page: lazy(() => import('./replies/replies-page.tsx')) },
  {
    path: 'audit-log',
    name: 'Audit log',
    scope: 'settings',
    page: lazy(() => import('./audit-log/audit-log-page.tsx')),
  },
  {
    path: 'received',
    name: 'Shared with us',
    scope: 'settings',
    page: lazy(() => import('./shares/received-page.tsx')),
  },
  { path: 'privacy', name: 'Privacy', scope: 'settings', page: lazy(() => import('./privacy/privacy-page.tsx')) },
  { path: 'usage', name: 'Usage', scope: 'settings', page: lazy(() => import('./usage/usage-page.tsx')) },
  { path: 'profile', name: 'My profile', scope: null, page: lazy(() => import('./profile/profile-page.tsx')) },
];

/** The sections that a session with these scopes has. */
export function sectionsFor(scopes: readonly string[]): readonly Section[] {
  return SECTIONS.filter(({ scope }) => scope === null || scopes.includes(scope));
}
