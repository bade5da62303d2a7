import { z } from '@hono/zod-openapi';
import { isoTimeSchema } from '../../http/fields.ts';

export const fileFields = {
  id: z.string().openapi({ format: 'uuid' }),
  name: z.string(),
  content_type: z.string().openapi({ description: 'As the bytes of the file say, whatever the uploader said.' }),
  size: z.int().openapi({ description: 'Bytes.' }),
  sha256: z.string().openapi({ description: 'Digest of the bytes, in hex.' }),
};

/** An uploaded file, with a URL of it. */
export const uploadedFileSchema = z
  .object({
    ...fileFields,
    url: z.string().openapi({ format: 'uri', description: 'Gives the file to whoever has it, until it expires.' }),
    expires_at: isoTimeSchema.openapi({ description: 'When the URL expires.' }),
  })
  .openapi('UploadedFile');
