import { z } from '@hono/zod-openapi';
import { isoTimeSchema, textField } from '../../http/fields.ts';
import { isTimeZone, WEEKDAYS } from '../../resources/service-hours.ts';
import { nestedOrganizationSchema, nestedUserOrNull } from './user-schemas.ts';

/** Most spans of a room's service hours. */
const MOST_SPANS = 100;

const id = z.string().openapi({ format: 'uuid' });

/** A time of the day. The end of a span may be the end of the day. */
const timeOfDay = (pattern: RegExp, example: string) =>
  z.string().regex(pattern, 'Enter a time such as 09:00.').openapi({ example });

const spanSchema = z
  .object({
    day: z.enum(WEEKDAYS),
    from: timeOfDay(/^([01]\d|2[0-3]):[0-5]\d$/, '09:00'),
    to: timeOfDay(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, '17:00'),
  })
  .superRefine(({ from, to }, context) => {
    if (from >= to)
      context.addIssue({ code: 'custom', path: ['to'], message: 'The end must be later than the start.' });
  })
  .openapi('ServiceSpan');

/** When a room is open (an extension). */
export const serviceHoursSchema = z
  .object({
    time_zone: textField({ max: 64 })
      .refine(isTimeZone, 'Enter the name of a time zone, such as Europe/Helsinki.')
      .openapi({ example: 'Europe/Helsinki' }),
    hours: z.array(spanSchema).max(MOST_SPANS),
  })
  .openapi('ServiceHours', {
    description:
      'While none of the spans holds in the time zone, the room is closed. A span ends with its day at the latest.',
  });

/** A room as agents and their organization see it. */
export const roomSchema = z
  .object({
    id,
    token: z.string(),
    organization_id: id,
    organization: nestedOrganizationSchema,
    domain: z.string().nullable(),
    name: z.string(),
    display_name: z.string(),
    is_shared: z.boolean(),
    language_code: z.string(),
    is_online: z.boolean(),
    is_humans_online: z.boolean(),
    is_open: z.boolean(),
    is_service_hours_enabled: z.boolean(),
    service_hours: serviceHoursSchema.nullable(),
    visitor_chat_idle_ttl: z.int().nullable().openapi({
      description: 'Extension. Seconds without a message after which a chat of a visitor ends; null: never.',
    }),
    task_chat_ttl: z.int().nullable().openapi({
      description: 'Extension. Seconds after which a chat of the type `task` ends; null: never.',
    }),
    chat_key_ttl_days: z.int().nullable().openapi({
      description: 'Extension. Days after the end of an encrypted chat until the hub forgets its key; null: never.',
    }),
    is_deleted: z.boolean(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
    updated_by_user_id: id.nullable(),
    updated_by_user: nestedUserOrNull,
  })
  .openapi('Room');
