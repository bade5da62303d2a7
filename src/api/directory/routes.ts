import { type AppRouter, createRouter } from '../../http/router.ts';
import { INTERFACE_KINDS } from '../../resources/interface.ts';
import { allowedTagRoutesOf } from './allowed-tags.ts';
import { auditLogRoutes, operatorAuditLogRoutes } from './audit-log.ts';
import { autosuggestionRoutesOf } from './autosuggestions.ts';
import { cannedReplyRoutes } from './canned-replies.ts';
import type { Door } from './door.ts';
import { interfaceKeyRoutesOf } from './interface-keys.ts';
import { interfaceSettingsRoutesOf } from './interface-settings.ts';
import { organizationRoutesOf } from './organizations.ts';
import { purgeRoutesOf } from './purges.ts';
import { receivedShareRoutes } from './received-shares.ts';
import { roomRoutesOf } from './rooms.ts';
import { routerRoutesOf } from './routers.ts';
import { shareRoutesOf } from './shares.ts';
import { signInLinkRoutesOf } from './sign-in-links.ts';
import { teamMemberRoutesOf } from './team-members.ts';
import { teamRoutesOf } from './teams.ts';
import { tokenRoutesOf } from './tokens.ts';
import { usageRoutesOf } from './usage.ts';
import { userLifecycleRoutesOf } from './user-lifecycle.ts';
import { userRoutesOf } from './users.ts';
import { visitorSecretRoutesOf } from './visitor-secrets.ts';

/**
 * An organization with its users, rooms, routers, allowed tags, teams, members of teams, shares and secrets of visitors. For tenants, version 6 has only
 * teams.
 */
export function directoryRoutesOf(door: Door): AppRouter {
  const routes = createRouter();
  if (door.isOperator || door.version === 5) {
    routes.route('/', organizationRoutesOf(door));
    routes.route('/', userRoutesOf(door));
    routes.route('/', userLifecycleRoutesOf(door));
    routes.route('/', tokenRoutesOf(door));
    routes.route('/', signInLinkRoutesOf(door));
    routes.route('/', roomRoutesOf(door));
    routes.route('/', routerRoutesOf(door));
    routes.route('/', allowedTagRoutesOf(door));
    routes.route('/', autosuggestionRoutesOf(door));
    routes.route('/', visitorSecretRoutesOf(door));
    routes.route('/', purgeRoutesOf(door));
    routes.route('/', usageRoutesOf(door));
    for (const kind of INTERFACE_KINDS) {
      routes.route('/', interfaceSettingsRoutesOf(door, kind));
      routes.route('/', interfaceKeyRoutesOf(door, kind));
    }
    routes.route('/', door.isOperator ? operatorAuditLogRoutes : auditLogRoutes);
    routes.route('/', shareRoutesOf(door));
    if (!door.isOperator) {
      routes.route('/', receivedShareRoutes);
      routes.route('/', cannedReplyRoutes);
    }
  }
  routes.route('/', teamRoutesOf(door));
  routes.route('/', teamMemberRoutesOf(door));
  return routes;
}
