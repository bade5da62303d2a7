import { z } from '@hono/zod-openapi';
import {
  findInstallationOfApp,
  type InstallationOfAppRow,
  listInstallationsOfApp,
} from '../../directory/app-receivers.ts';
import { findApp } from '../../directory/apps.ts';
import { identityDatabase } from '../../http/app-environment.ts';
import { collectionQuery, collectionResponse, collectionSchema, idKey, readPage } from '../../http/collection.ts';
import { isoTimeSchema } from '../../http/fields.ts';
import { refuse } from '../../http/refusals.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { type AppRouter, createRouter } from '../../http/router.ts';
import { isoTime } from '../../resources/clock.ts';
import { installationReceiver } from '../../resources/receiver.ts';
import { defineRoute } from '../define-route.ts';
import { installationLog } from '../deliveries/delivery.ts';
import { deliveryRoutesOf } from '../deliveries/routes.ts';
import { nestedOrganizationSchema } from '../shared/user-schemas.ts';
import { APP_NOT_FOUND, appInstallationPath, appPath, type Door, INSTALLATION_NOT_FOUND } from './door.ts';

const installationOfAppSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    organization: nestedOrganizationSchema,
    app_user_id: z.string().nullable(),
    allowed_scopes: z.array(z.string()),
    needs_consent: z.boolean().openapi({
      description: 'Whether webhooks that were added or widened later wait for the consent of the organization.',
    }),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('InstallationOfApp');

function resource(row: InstallationOfAppRow): z.infer<typeof installationOfAppSchema> {
  return {
    id: row.id,
    organization_id: row.organization_id,
    organization: { id: row.organization_id, name: row.organization_name },
    app_user_id: row.app_user_id,
    allowed_scopes: JSON.parse(row.allowed_scopes) as string[],
    needs_consent: row.needs_consent === 1,
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
  };
}

/** The installations of an app as its owner sees them, in all organizations, with the delivery log of each. */
export function installationOfAppRoutesOf(door: Door): AppRouter {
  const common = { tag: door.tag, access: door.writers };
  const all = `${door.organization}/apps/{app_id}/installations`;
  const routes = createRouter();

  const getInstallations = defineRoute({
    operationId: door.nameOf('listInstallationsOfApp'),
    ...common,
    method: 'get',
    path: all,
    summary: 'List the installations of an app, newest first',
    description:
      'For the owner of the app: the organizations that have it installed now, with the ids below which their delivery logs are.',
    request: { params: appPath, query: z.object(collectionQuery) },
    answers: { 200: jsonOf(collectionSchema(installationOfAppSchema), 'A page') },
  });
  routes.openapi(getInstallations, async (c) => {
    const { organization_id, app_id } = c.req.valid('param');
    const asked = readPage(c.req.valid('query'), '-id', idKey);
    if (!asked.ok) return refuse(c, asked.refusal);
    const identity = identityDatabase(c);
    if ((await findApp(identity, organization_id, app_id)) === null) return refuse(c, APP_NOT_FOUND);
    const rows = await listInstallationsOfApp(identity, organization_id, app_id, asked.page.keyset);
    const keyOf = (row: InstallationOfAppRow) => [row.id];
    return c.json(collectionResponse(c, { page: asked.page, rows, keyOf, resource }), 200);
  });

  const deliveries = deliveryRoutesOf({
    nameOf: (verb, noun) => door.nameOf(`${verb}App${noun}`),
    ...common,
    path: `${all}/{installation_id}`,
    params: appInstallationPath,
    receiver: 'an installation',
    outlives: 'the app is uninstalled or deleted',
    shape: installationLog,
    notFound: INSTALLATION_NOT_FOUND,
    findLog: async (c, { organization_id, app_id, installation_id }) => {
      const found = await findInstallationOfApp(identityDatabase(c), organization_id, app_id, installation_id);
      if (found === null) return null;
      const { id, is_installed } = found;
      // An organization that has uninstalled an app shows it nothing more. That includes webhooks that could not be
      // delivered before.
      return {
        receiver: installationReceiver(id),
        organization_id: found.organization_id,
        can_replay: is_installed,
        shows_bodies: is_installed,
      };
    },
  });
  routes.route('/', deliveries);

  return routes;
}
