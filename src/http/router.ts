import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppContext, AppEnvironment } from './app-environment.ts';
import { refuse } from './refusals.ts';
import { RememberingRouter } from './remembering-router.ts';
import { fieldErrors } from './validation-errors.ts';
import { useValidationMessages } from './validation-messages.ts';

export type AppRouter = OpenAPIHono<AppEnvironment>;

useValidationMessages();

/**
 * A router for one dialect. Routes are made with `defineRoute` and `router.openapi`. What does not validate is answered here: 404
 * for a path parameter, 400 with the fields for the rest. A trailing slash is tolerated.
 */
export function createRouter(): AppRouter {
  return new OpenAPIHono<AppEnvironment>({
    strict: false,
    router: new RememberingRouter(),
    defaultHook: (result, c: AppContext) => {
      if (result.success) return undefined;
      if (result.target === 'param') return refuse(c, { reason: 'not_found' });
      return refuse(c, { reason: 'invalid', fields: fieldErrors(result.error.issues, validatedInput(result)) });
    },
  });
}

/** The validator hands over its input as `data` also when it fails, which its type does not say. */
function validatedInput(result: object): unknown {
  return 'data' in result ? result.data : undefined;
}
