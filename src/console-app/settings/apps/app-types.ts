import type { installationResource, publicAppResource, shownWebhookResource } from '../../../resources/app.ts';

export type PublicApp = ReturnType<typeof publicAppResource>;
export type ShownWebhook = ReturnType<typeof shownWebhookResource>;
export type Installation = ReturnType<typeof installationResource>;

/** An app with what it gets where it is installed. */
export type PublicAppDetail = PublicApp & { readonly webhooks: readonly ShownWebhook[] };

/** An installation, with the webhooks of its app: those that wait for consent, too. */
export type InstallationDetail = Installation & {
  readonly webhooks: readonly (ShownWebhook & { readonly needs_consent: boolean })[];
};
