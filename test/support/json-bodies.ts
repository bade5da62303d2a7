import fc from 'fast-check';

/** The parts of a JSON schema that the OpenAPI document uses for bodies. */
export type BodySchema = {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  format?: string;
  pattern?: string;
  example?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: BodySchema;
  properties?: { [name: string]: BodySchema };
  additionalProperties?: BodySchema | boolean;
};

/** Schemas by their name below `#/components/schemas/`. */
export type NamedSchemas = { [name: string]: BodySchema };

const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);
const list = (length: number, item: string) => `[${Array(length).fill(item).join(',')}]`;

/** Values, as JSON text, that have broken programs of this kind: types, sizes, depth, characters, keys, numbers. */
const HOSTILE_VALUES: readonly string[] = [
  ...['null', 'true', 'false', '[]', '{}', '[null]', '[{}]', '[[]]'],
  ...['0', '-0', '-1', '0.5', '1e-400', '1e400', '-1e400', '9007199254740993', '12345678901234567890'],
  ...['""', '" "', '"\\t\\n"', '"."', '".."', '"/"', '"%00"', '"null"', '"__proto__"', '"constructor"'],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\u202e\\u200b"',
    '"\u{1f469}\u200d\u{1f680}"',
    '"\u0130\u0131\u1e9e"',
  ],
  ...['"0000-01-01T00:00:00Z"', '"9999-12-31T23:59:59Z"', '"2026-13-45T99:99:99Z"', '"1e3"', '"0x10"'],
  ...['"http://127.0.0.1/"', '"javascript:alert(1)"', '"https://[::1]/"', '"https://a@b:c@d/"', '"file:///"'],
  ...['"00000000-0000-0000-0000-000000000000"', '"\'; DROP TABLE users; --"', '"*"', '"{{}}"', '"<script>"'],
  ...['{"__proto__":{"is_bot":true}}', '{"constructor":{"prototype":{"x":1}}}', '{"length":7}', '{"toString":1}'],
  ...['{"toJSON":1}', '{"then":1}', '{"":1}', '{"a":1,"a":2}'],
  ...[nested(20, '[', ']'), nested(63, '[', ']'), nested(64, '{"a":[', ']}'), `${nested(3_000, '{"a":', '}')}`],
  ...[list(201, '0'), list(1_001, '{}'), list(40_000, '""')],
  `"${'x'.repeat(300)}"`,
  `"${'\u{1f600}'.repeat(2_001)}"`,
  `"${'x'.repeat(100_001)}"`,
];

const HOSTILE_FIELDS: readonly string[] = [
  ...['"__proto__":{"is_staff":true}', '"constructor":{}', '"hasOwnProperty":1', '"toString":null', '"":0'],
  ...[
    '"id":"x"',
    '"organization_id":"x"',
    '"deleted_at":null',
    `"${'k'.repeat(5_000)}":1`,
    '"\\u0000":1',
    '"\\ud800":1',
  ],
];

/** Texts that are no JSON object. */
const HOSTILE_DOCUMENTS: readonly string[] = [
  ...['', ' ', '{', '{}x', '{"a"}', "{'a':1}", '{"a":1,}', 'NaN', '\ufeff{}', '[]', 'null', '"x"', '7', '\0'],
  ...[nested(50_000, '[', ']'), `{"a":${'1'.repeat(50_000)}}`],
];

/** What a body may refer to: schemas by name, and ids that exist by the name of their field. */
export type Known = { schemas: NamedSchemas; ids: { [field: string]: string } };

/** Bodies for an operation as JSON text: some as the schema asks for, most with one or more changes. */
export function jsonBodies(schema: BodySchema, known: Known): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 19, arbitrary: expectedValue(schema, known) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_DOCUMENTS) },
  );
}

/** Mostly the example, often another value that the schema describes, now and then one that nobody expects. */
function anyValue(schema: BodySchema, known: Known, example?: unknown): fc.Arbitrary<string> {
  const expected = expectedValue(schema, known);
  return fc.oneof(
    { weight: 18, arbitrary: example === undefined ? expected : fc.constant(JSON.stringify(example)) },
    { weight: 3, arbitrary: expected },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_VALUES) },
  );
}

function expectedValue(schema: BodySchema, known: Known): fc.Arbitrary<string> {
  if (schema.$ref !== undefined) return expectedValue(resolve(schema.$ref, known.schemas), known);
  const values = [...(schema.enum ?? []), ...(schema.example === undefined ? [] : [schema.example])];
  const isObject = schema.properties !== undefined;
  if (values.length > 0 && !isObject) return fc.constantFrom(...values.map((value) => JSON.stringify(value)));
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['null']);
  return fc.oneof(...types.map((type) => valueOfType(type, schema, known)));
}

function resolve(reference: string, named: NamedSchemas): BodySchema {
  const schema = named[reference.replace('#/components/schemas/', '')];
  if (schema === undefined) throw new Error(`there is no ${reference}`);
  return schema;
}

function valueOfType(type: string, schema: BodySchema, known: Known): fc.Arbitrary<string> {
  switch (type) {
    case 'null':
      return fc.constant('null');
    case 'boolean':
      return fc.constantFrom('true', 'false');
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'string':
      return stringOf(schema).map((text) => JSON.stringify(text));
    case 'array':
      return listOf(schema, known);
    case 'object':
      return objectOf(schema, known);
    default:
      throw new Error(`no values of the type ${type}`);
  }
}

/** The bounds themselves, their neighbours, and numbers between them. */
function numberOf({ minimum = -10, maximum = 1_000_000 }: BodySchema): fc.Arbitrary<string> {
  const bounds = [minimum, minimum - 1, maximum, maximum + 1].map(String);
  const between = fc.integer({ min: Math.ceil(minimum), max: Math.max(Math.ceil(minimum), Math.floor(maximum)) });
  return fc.oneof(fc.constantFrom(...bounds), between.map(String));
}

function stringOf({ format, minLength = 0, maxLength = 64 }: BodySchema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') {
    const years = { min: new Date('1960-01-01'), max: new Date('2099-01-01'), noInvalidDate: true };
    return fc.date(years).map((date) => date.toISOString());
  }
  const text = fc.string({ unit: 'binary', minLength, maxLength: Math.min(maxLength, minLength + 12) });
  const atBounds = [minLength, maxLength, maxLength + 1].filter((length) => length <= 5_000);
  return fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 2, arbitrary: fc.constant('example') },
    { weight: 1, arbitrary: fc.constantFrom(...atBounds).map((length) => 'x'.repeat(length)) },
  );
}

function listOf({ items = {} }: BodySchema, known: Known): fc.Arbitrary<string> {
  return fc.array(anyValue(items, known), { maxLength: 3 }).map((values) => `[${values.join(',')}]`);
}

function objectOf({ properties = {}, additionalProperties, example }: BodySchema, known: Known): fc.Arbitrary<string> {
  const examples = { ...(example as { [field: string]: unknown } | undefined), ...known.ids };
  const present = Object.entries(properties).map(([name, inner]) => {
    const field = anyValue(inner, known, examples[name]).map((value) => `${JSON.stringify(name)}:${value}`);
    return fc.option(field, { freq: examples[name] === undefined ? 2 : 24, nil: null });
  });
  const further =
    typeof additionalProperties === 'object' ? furtherFields(additionalProperties, known) : fc.constant([]);
  const hostile = fc.oneof(
    { weight: 9, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_FIELDS) },
  );
  return fc
    .tuple(fc.tuple(...present), further, hostile)
    .map(([fields, others, odd]) => `{${[...fields, ...others, odd].filter((field) => field !== null).join(',')}}`);
}

function furtherFields(schema: BodySchema, known: Known): fc.Arbitrary<string[]> {
  const field = fc.tuple(stringOf({ maxLength: 20 }), anyValue(schema, known));
  return fc.array(
    field.map(([name, value]) => `${JSON.stringify(name)}:${value}`),
    { maxLength: 4 },
  );
}
