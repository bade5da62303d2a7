import { z } from '@hono/zod-openapi';
import type { Router, RouterTarget } from '../../directory/routers.ts';
import { isoTimeSchema, pathId, textField, uuidField } from '../../http/fields.ts';
import { isoTime } from '../../resources/clock.ts';
import { organizationPath } from './schemas.ts';

const TARGETS = 200;
const ROOMS = 500;

export const routerPath = organizationPath.extend({ router_id: pathId('router_id') });

const target = z
  .object({ kind: z.enum(['all', 'user', 'team', 'organization']), id: uuidField().nullish() })
  .superRefine(({ kind, id }, context) => {
    if (kind !== 'all' && id == null)
      context.addIssue({ code: 'custom', path: ['id'], message: 'This field is required.' });
  })
  .transform(({ kind, id }): RouterTarget => ({ kind, id: kind === 'all' ? null : (id ?? null) }))
  .openapi('AdminRouterTarget');

const routerFields = z.object({
  name: textField({ max: 255 }),
  targets: z.array(target).max(TARGETS),
  room_ids: z.array(uuidField()).max(ROOMS),
});
export const routerChanges = routerFields.partial();
export const newRouter = routerChanges.required({ name: true }).extend({ id: uuidField().optional() });

export const routerSchema = z
  .object({
    id: z.string(),
    organization_id: z.string(),
    name: z.string(),
    targets: z.array(z.object({ kind: z.enum(['all', 'user', 'team', 'organization']), id: z.string().nullable() })),
    room_ids: z.array(z.string()),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AdminRouter');

export function routerResource(router: Router): z.infer<typeof routerSchema> {
  return {
    id: router.id,
    organization_id: router.organization_id,
    name: router.name,
    targets: router.targets,
    room_ids: router.room_ids,
    created_at: isoTime(router.created_at),
    updated_at: isoTime(router.updated_at),
  };
}
