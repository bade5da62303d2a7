import { z } from '@hono/zod-openapi';
import { refuseChangedNumbers } from './exact-numbers.ts';
import { refuseUnkeepableName } from './fields.ts';
import { isNestedWithin, jsonBytes } from './json-size.ts';

/** An object whose content is the client's own. `bytes`: of its JSON in UTF-8. `levels`: of nested objects and lists. */
export function objectField({ bytes, levels }: { bytes: number; levels: number }) {
  return z.preprocess(
    (value, context) => {
      if (!isNestedWithin(value, levels)) context.addIssue(`Ensure this field has no more than ${levels} levels.`);
      else if (value !== undefined && jsonBytes(value) > bytes)
        context.addIssue(`Ensure this field has no more than ${bytes} bytes of JSON.`);
      else refuseChangedNumbers(value, context);
      return refuseUnkeepableName(value, context);
    },
    z.record(z.string(), z.unknown()),
  );
}
