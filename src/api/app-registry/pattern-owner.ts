import type { AppColumns } from '../../directory/apps.ts';
import type { PatternOwner } from '../../resources/topic.ts';

/** What the patterns of an app may name, as it is. Whoever installs it gives it the scopes that it requires. */
export function patternOwnerOf(app: AppColumns): PatternOwner {
  return {
    organization_id: app.app_organization_id,
    has_app_user: app.app_is_app_user_required === 1,
    has_reports: (JSON.parse(app.app_required_scopes) as string[]).includes('reports'),
  };
}
