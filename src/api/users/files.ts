import { z } from '@hono/zod-openapi';
import { openOrganizationDatabase } from '../../db/database.ts';
import { pathId } from '../../http/fields.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { ownUser } from '../access.ts';
import { defineRoute } from '../define-route.ts';
import { uploadedFileSchema } from '../shared/file-schemas.ts';
import { ABOUT_UPLOADS, receiveUpload, UPLOAD, uploadQuery } from '../shared/upload.ts';

const route = defineRoute({
  operationId: 'uploadUserFile',
  method: 'post',
  path: '/users/{user_id}/files',
  tag: 'Files',
  summary: 'Upload a file as the user',
  description: ABOUT_UPLOADS,
  access: ownUser,
  request: { params: z.object({ user_id: pathId('user_id') }), query: uploadQuery },
  stream: UPLOAD,
  refusals: [429],
  answers: { 201: jsonOf(uploadedFileSchema, 'The file') },
});

/** POST /users/<user_id>/files (an extension). */
export const userFileRoutes = createRouter();

userFileRoutes.openapi(route, async (c) => {
  const { user, organization } = c.var.principal;
  const uploader = {
    owner: { organization_id: organization.id, type: 'user' as const, id: user.id },
    database: openOrganizationDatabase(c.env, organization, c.var.cost),
    quota: organization.stored.quota,
    limit: null,
  };
  const received = await receiveUpload(c, uploader, c.req.valid('query').name);
  return received.ok ? c.json(received.file, 201) : received.refused;
});
