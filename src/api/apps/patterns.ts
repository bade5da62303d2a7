import type { IdentityDatabase } from '../../db/database.ts';
import { listAppPatterns } from '../../directory/app-webhooks.ts';
import type { AppColumns } from '../../directory/apps.ts';
import type { FieldErrors } from '../../http/refusals.ts';
import { type PatternOwner, problemOfPattern } from '../../resources/topic.ts';
import type { AppFields } from './app-schemas.ts';

/**
 * Which channel patterns the webhooks of an app may use. Patterns that name its bot user or need `reports` depend on
 * the app.
 */

/** The app as its patterns see it. Each organization that installs it grants it the scopes that it requires. */
export function patternOwnerOf(app: AppColumns): PatternOwner {
  return {
    organization_id: app.app_organization_id,
    has_app_user: app.app_is_app_user_required === 1,
    has_reports: (JSON.parse(app.app_required_scopes) as string[]).includes('reports'),
  };
}

/**
 * The changed fields that would make patterns of the app's webhooks invalid, with a message for each. Null when there
 * are none.
 */
export async function neededByWebhooks(
  identity: IdentityDatabase,
  app: AppColumns,
  fields: AppFields,
): Promise<FieldErrors | null> {
  const before = patternOwnerOf(app);
  const has_app_user = fields.is_app_user_required ?? before.has_app_user;
  const has_reports = fields.required_scopes?.includes('reports') ?? before.has_reports;
  if (has_app_user >= before.has_app_user && has_reports >= before.has_reports) return null;
  const patterns = await listAppPatterns(identity, app.app_organization_id, app.app_id);
  const isNeeded = (owner: Partial<PatternOwner>) =>
    patterns.some((pattern) => problemOfPattern(pattern, { ...before, ...owner }) !== null);
  const errors = {
    ...(isNeeded({ has_app_user }) ? { is_app_user_required: ['A webhook of the app names its bot user.'] } : {}),
    ...(isNeeded({ has_reports }) ? { required_scopes: ['A webhook of the app needs the scope "reports".'] } : {}),
  };
  return Object.keys(errors).length === 0 ? null : errors;
}
