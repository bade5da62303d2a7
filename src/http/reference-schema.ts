/** The part of JSON Schema that our documents use. */
export type SchemaObject = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, SchemaObject>;
  required?: string[];
  items?: SchemaObject;
  additionalProperties?: SchemaObject | boolean;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: SchemaObject[];
  oneOf?: SchemaObject[];
  allOf?: SchemaObject[];
};

/** One line of a schema's description: a field, how deep it lies, its type and what else is to be known. */
export type SchemaField = { name: string; depth: number; type: string; isRequired: boolean; note: string };

const DEEPEST = 6;

/** A schema as flat lines, the fields of objects and lists below them. An object's own line is left out at the top. */
export function expandSchema(schema: SchemaObject, schemas: Readonly<Record<string, SchemaObject>>): SchemaField[] {
  const fields = expand('', resolve(schema, schemas), 0, false, schemas);
  const [root] = fields;
  if (fields.length === 1 || root === undefined) return fields;
  return fields.slice(1).map((field) => ({ ...field, depth: field.depth - 1 }));
}

function expand(
  name: string,
  schema: SchemaObject,
  depth: number,
  isRequired: boolean,
  schemas: Readonly<Record<string, SchemaObject>>,
): SchemaField[] {
  const own = { name, depth, type: typeText(schema, schemas), isRequired, note: noteText(schema) };
  if (depth >= DEEPEST) return [own];
  const inner = containerOf(schema, schemas);
  const below = Object.entries(inner.properties ?? {}).flatMap(([field, value]) =>
    expand(field, resolve(value, schemas), depth + 1, inner.required?.includes(field) ?? false, schemas),
  );
  return [own, ...below];
}

/** The object whose fields are to be shown: the schema, the elements of a list, or the one object among alternatives. */
function containerOf(schema: SchemaObject, schemas: Readonly<Record<string, SchemaObject>>): SchemaObject {
  const alternative = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
    .map((part) => resolve(part, schemas))
    .find((part) => part.properties !== undefined || part.items !== undefined);
  const chosen = schema.properties === undefined && alternative !== undefined ? alternative : schema;
  return chosen.items === undefined ? chosen : containerOf(resolve(chosen.items, schemas), schemas);
}

function resolve(schema: SchemaObject, schemas: Readonly<Record<string, SchemaObject>>): SchemaObject {
  if (schema.$ref === undefined) return schema;
  return schemas[schema.$ref.replace('#/components/schemas/', '')] ?? {};
}

function typeText(schema: SchemaObject, schemas: Readonly<Record<string, SchemaObject>>): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const alternatives = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (alternatives !== undefined) {
    return [...new Set(alternatives.map((part) => typeText(resolve(part, schemas), schemas)))].join(' or ');
  }
  const types = [schema.type ?? 'any'].flat();
  return types
    .map((type) => {
      if (type === 'array')
        return `list of ${schema.items === undefined ? 'any' : grouped(typeText(resolve(schema.items, schemas), schemas))}`;
      if (type === 'object' && typeof schema.additionalProperties === 'object') {
        return `map to ${grouped(typeText(resolve(schema.additionalProperties, schemas), schemas))}`;
      }
      return type === 'string' && schema.format !== undefined ? schema.format : type;
    })
    .join(' or ');
}

function grouped(type: string): string {
  return type.includes(' or ') ? `(${type})` : type;
}

function noteText(schema: SchemaObject): string {
  const bounds = [
    schema.default === undefined ? '' : `Default ${JSON.stringify(schema.default)}.`,
    schema.minimum === undefined ? '' : `At least ${schema.minimum}.`,
    schema.maximum === undefined ? '' : `At most ${schema.maximum}.`,
    schema.maxLength === undefined ? '' : `At most ${schema.maxLength} characters.`,
    schema.minItems === undefined ? '' : `At least ${schema.minItems} elements.`,
    schema.maxItems === undefined ? '' : `At most ${schema.maxItems} elements.`,
  ];
  return [schema.description ?? '', ...bounds].filter((part) => part !== '').join(' ');
}
