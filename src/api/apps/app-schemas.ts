import { z } from '@hono/zod-openapi';
import { SCOPES } from '../../directory/tokens.ts';
import { integerField, isoTimeSchema, textField, uuidField, webUrlField } from '../../http/fields.ts';
import { APP_TRIGGERS } from '../../resources/app.ts';
import { MAX_PATTERN_LENGTH } from '../../resources/topic.ts';
import { nestedOrganizationSchema, nestedUserOrNull } from '../shared/user-schemas.ts';
import { calledUrlField } from '../webhook-url.ts';

const URL_LENGTH = 2048;

/** The URL of a web page. */
const pageUrl = () => webUrlField({ max: URL_LENGTH });

/** Values of an enumeration, each at most once. */
function setOf<const Value extends string>(values: readonly [Value, ...Value[]]) {
  return z
    .array(z.enum(values))
    .max(values.length * 2)
    .transform((chosen) => [...new Set(chosen)]);
}

const requiredFields = { name: textField({ max: 75 }), terms_url: pageUrl(), privacy_url: pageUrl() };
const optionalFields = {
  description: textField({ max: 4000, blank: true }),
  icon_url: pageUrl().nullable(),
  // Browsers open it, and show its fragment.
  trigger_url: calledUrlField({ fragment: true }).nullable(),
  trigger_types: setOf(APP_TRIGGERS),
  is_app_user_required: z.boolean(),
  required_scopes: setOf(SCOPES),
  is_available_to_anyone: z.boolean(),
};

/** A whole app, for POST and PUT. Optional fields that are left out get their defaults. */
export const wholeApp = z
  .object({
    ...requiredFields,
    description: optionalFields.description.default(''),
    icon_url: optionalFields.icon_url.default(null),
    trigger_url: optionalFields.trigger_url.default(null),
    trigger_types: optionalFields.trigger_types.default([]),
    is_app_user_required: optionalFields.is_app_user_required.default(false),
    required_scopes: optionalFields.required_scopes.default([]),
    is_available_to_anyone: optionalFields.is_available_to_anyone.default(false),
  })
  .openapi('NewApp');

/** Changes to an app, for PATCH. Fields that are left out stay. */
export const appChanges = z
  .object({ ...requiredFields, ...optionalFields })
  .partial()
  .openapi('PatchApp');
export type AppFields = z.infer<typeof appChanges>;

export const publicAppSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    owned_by_organization_id: z.string(),
    owned_by_organization: nestedOrganizationSchema,
    icon_asset_id: z.string().nullable(),
    icon_asset: z.object({ id: z.string(), url: z.string() }).nullable(),
    is_app_user_required: z.boolean(),
    required_scopes: z.array(z.string()),
    installation_count: z.int(),
    webhooks_version: z.int().openapi({ description: 'Grows when a webhook of the app is added or widened.' }),
    is_available_to_anyone: z.boolean().optional().openapi({ description: 'Only on own apps.' }),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('PublicApp');

const shownWebhookSchema = z
  .object({
    channel_pattern: z.string(),
    endpoint_host: z.string().openapi({ description: 'Where the webhooks go, with the port.' }),
    on_added: z.boolean(),
    on_changed: z.boolean(),
    on_removed: z.boolean(),
  })
  .openapi('ShownWebhook');

export const publicAppDetailSchema = publicAppSchema
  .extend({
    webhooks: z
      .array(shownWebhookSchema)
      .openapi({ description: 'What the app gets where it is installed, also of webhooks that are switched off.' }),
  })
  .openapi('PublicAppDetail');

export const appSchema = publicAppSchema
  .extend({
    is_available_to_anyone: z.boolean(),
    terms_url: z.string(),
    privacy_url: z.string(),
    trigger_url: z.string().nullable(),
    trigger_types: z.array(z.string()),
  })
  .openapi('App');

const secretField = z.string().openapi({ description: 'The secret of the app: shown this once.' });
export const createdAppSchema = appSchema.extend({ secret: secretField }).openapi('CreatedApp');
export const appSecretSchema = z.object({ secret: secretField }).openapi('AppSecret');

const webhookRequired = {
  endpoint_url: calledUrlField(),
  channel_pattern: textField({ max: MAX_PATTERN_LENGTH }).openapi({
    example: '/api/v5/orgs/{organization_id}/owned_chats/*/messages',
  }),
};

/** A whole webhook subscription, for POST and PUT. */
export const wholeWebhook = z
  .object({
    ...webhookRequired,
    on_added: z.boolean().default(false),
    on_changed: z.boolean().default(false),
    on_removed: z.boolean().default(false),
    is_enabled: z.boolean().default(true),
  })
  .openapi('NewAppWebhook');

/** Changes to a webhook subscription, for PATCH. */
export const webhookChanges = z
  .object({
    ...webhookRequired,
    on_added: z.boolean(),
    on_changed: z.boolean(),
    on_removed: z.boolean(),
    is_enabled: z.boolean(),
  })
  .partial()
  .openapi('PatchAppWebhook');
export type WebhookFields = z.infer<typeof webhookChanges>;

export const webhookSchema = z
  .object({
    id: z.string(),
    app_id: z.string(),
    endpoint_url: z.string(),
    channel_pattern: z.string(),
    on_added: z.boolean(),
    on_changed: z.boolean(),
    on_removed: z.boolean(),
    is_enabled: z.boolean(),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AppWebhook');

const webhooksVersion = integerField({ min: 1, max: Number.MAX_SAFE_INTEGER });

export const newInstallation = z
  .object({
    app_id: uuidField(),
    webhooks_version: webhooksVersion
      .optional()
      .openapi({ description: 'That of the app as it was shown. When the app has another one now, the call is 409.' }),
  })
  .openapi('NewAppInstallation');

export const consent = z
  .object({ webhooks_version: webhooksVersion.openapi({ description: 'That of the app as it was shown.' }) })
  .openapi('ConsentToWebhooks');

export const installationSchema = z
  .object({
    id: z.string(),
    app_id: z.string(),
    app: publicAppSchema,
    organization_id: z.string(),
    organization: nestedOrganizationSchema,
    app_user_id: z.string().nullable(),
    app_user: nestedUserOrNull,
    allowed_scopes: z.array(z.string()),
    needs_consent: z.boolean().openapi({
      description: 'Whether a webhook that was added or widened waits for the consent of the organization.',
    }),
    created_at: isoTimeSchema,
    updated_at: isoTimeSchema,
  })
  .openapi('AppInstallation');

export const installationDetailSchema = installationSchema
  .extend({
    webhooks: z.array(
      shownWebhookSchema
        .extend({
          needs_consent: z.boolean().openapi({ description: 'Whether it reaches the organization only later.' }),
        })
        .openapi('InstalledWebhook'),
    ),
  })
  .openapi('AppInstallationDetail');
