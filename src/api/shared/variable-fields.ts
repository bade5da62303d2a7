import { NAME_VARIABLE } from '../../directory/visitors.ts';
import { pathNameField, textField } from '../../http/fields.ts';

/**
 * What a visitor's variable may be, whether a channel's request sets it or the variables' own API. The key is a segment
 * of the variable's path, and a key of an object in requests of channels, which cannot hold `__proto__`.
 */
export const variableKeyField = () => pathNameField().refine((key) => key !== '__proto__', 'This name is reserved.');

export const variableValueField = () => textField({ max: 10_000, blank: true });

/** Why a variable cannot have this value; null when it can. A name is removed by deleting the variable. */
export function problemOfVariable(key: string, value: string): string | null {
  return key === NAME_VARIABLE && value.trim() === '' ? 'This field may not be blank.' : null;
}
