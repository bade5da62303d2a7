import { visitorDatabase } from '../../http/app-environment.ts';
import { exactLimit } from '../../http/rate-limits.ts';
import { jsonOf } from '../../http/route-parts.ts';
import { createRouter } from '../../http/router.ts';
import { defineRoute } from '../define-route.ts';
import { uploadedFileSchema } from '../shared/file-schemas.ts';
import { ABOUT_UPLOADS, receiveUpload, UPLOAD, uploadQuery } from '../shared/upload.ts';
import { asVisitor, visitorPath } from './paths.ts';

const route = defineRoute({
  operationId: 'uploadVisitorFile',
  ...asVisitor,
  method: 'post',
  path: '/public/visitors/{visitor_id}/files',
  summary: 'Upload a file as the visitor',
  description: ABOUT_UPLOADS,
  request: { params: visitorPath, query: uploadQuery },
  stream: UPLOAD,
  refusals: [429],
  answers: { 201: jsonOf(uploadedFileSchema, 'The file') },
});

/** POST /public/visitors/<visitor_id>/files (an extension). */
export const visitorFileRoutes = createRouter();

visitorFileRoutes.openapi(route, async (c) => {
  const { id, organization } = c.var.visitor;
  const uploader = {
    owner: { organization_id: organization.id, type: 'visitor' as const, id },
    database: visitorDatabase(c),
    quota: organization.stored.quota,
    limit: exactLimit(c.env, 'visitor_files'),
  };
  const received = await receiveUpload(c, uploader, c.req.valid('query').name);
  return received.ok ? c.json(received.file, 201) : received.refused;
});
