import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { filterOf } from './deliveries/filter.ts';
import { InboxScreen } from './inbox/inbox-screen.tsx';
import type { ViewOrder } from './replica/views.ts';
import { Shell } from './shell/shell.tsx';
import { isOrder } from './words/views.ts';

/** The addresses of the console, below `/console`. */
export function makeRouter(onSignOut: () => void) {
  const root = createRootRoute({
    component: () => <Shell onSignOut={onSignOut} />,
    notFoundComponent: () => <p className="inbox-none">There is nothing here.</p>,
  });
  const start = createRoute({
    getParentRoute: () => root,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/inbox/$view', params: { view: 'waiting' }, search: {} });
    },
  });
  const validateSearch = ({ order, room }: Record<string, unknown>): { order?: ViewOrder; room?: string } => ({
    ...(isOrder(order) ? { order } : {}),
    ...(typeof room === 'string' && room !== '' ? { room } : {}),
  });
  const inbox = createRoute({
    getParentRoute: () => root,
    path: '/inbox/$view',
    validateSearch,
    component: InboxScreen,
  });
  const invitations = createRoute({
    getParentRoute: () => root,
    path: '/inbox/invitations',
    component: lazyRouteComponent(() => import('./inbox/invitations-screen.tsx')),
  });
  const invitedChat = createRoute({ getParentRoute: () => invitations, path: '/$chatId', component: () => null });
  const chat = createRoute({ getParentRoute: () => inbox, path: '/$chatId', component: () => null });
  const deliveries = createRoute({
    getParentRoute: () => root,
    path: '/deliveries',
    validateSearch: filterOf,
    component: lazyRouteComponent(() => import('./deliveries/deliveries-screen.tsx')),
  });
  const delivery = createRoute({
    getParentRoute: () => deliveries,
    path: '/$receiver/$delivery',
    component: () => null,
  });
  const settings = createRoute({
    getParentRoute: () => root,
    path: '/settings',
    component: lazyRouteComponent(() => import('./settings/settings-screen.tsx')),
  });
  const section = createRoute({ getParentRoute: () => settings, path: '/$section', component: () => null });
  const record = createRoute({ getParentRoute: () => section, path: '/$id', component: () => null });
  const routeTree = root.addChildren([
    start,
    inbox.addChildren([chat]),
    deliveries.addChildren([delivery]),
    invitations.addChildren([invitedChat]),
    settings.addChildren([section.addChildren([record])]),
  ]);
  return createRouter({ basepath: '/console', routeTree });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
