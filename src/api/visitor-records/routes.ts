import { createRouter } from '../../http/router.ts';
import { visitorVariableRoutes } from './variables.ts';
import { visitorRoutes } from './visitors.ts';

/** What an organization knows about its visitors, mounted at /api/v5. */
export const visitorRecordRoutes = createRouter();
visitorRecordRoutes.route('/', visitorRoutes);
visitorRecordRoutes.route('/', visitorVariableRoutes);
