import { describe, expect, it } from 'vitest';
import { parseCommand } from '../../../scripts/admin-command.ts';
import { CHOICES, FIXED_FIELDS, RESOURCES, type Verb } from '../../../scripts/admin-resources.ts';
import { openApiDocument } from '../../../src/api/openapi/document.ts';
import { createApp } from '../../../src/app.ts';

type Schema = {
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  $ref?: string;
};
type Operation = { requestBody?: { content: { 'application/json': { schema: Schema } } } };
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, Schema> } };

const ADMIN = '/admin/v1';

/** Operations of the admin API that the command line leaves out. */
const LEFT_OUT = [
  // PATCH changes as much.
  'PUT /organizations/{}/rooms/{}',
  'PUT /organizations/{}/rooms/{}/autosuggestions/{}',
  'PUT /organizations/{}/teams/{}',
  'PUT /organizations/{}/users/{}',
  'PUT /organizations/{}/apps/{}',
  'PUT /organizations/{}/apps/{}/webhooks/{}',
  // An organization consents by itself, and sees by itself what its apps are sent.
  'POST /organizations/{}/app_installations/{}/consent',
  'GET /organizations/{}/app_installations/{}/deliveries',
  'GET /organizations/{}/app_installations/{}/deliveries/{}',
  // What an organization sees of its apps' deliveries, over HTTP.
  'GET /organizations/{}/apps/{}/installations',
  'GET /organizations/{}/apps/{}/installations/{}/deliveries',
  'GET /organizations/{}/apps/{}/installations/{}/deliveries/{}',
  'POST /organizations/{}/apps/{}/installations/{}/deliveries/{}/replay',
  'POST /organizations/{}/apps/{}/installations/{}/replay',
  'GET /organizations/{}/apps/{}/installations/{}/ledger',
  'POST /organizations/{}/apps/{}/webhooks/{}/test',
  // PUT adds a member as well.
  'POST /organizations/{}/teams/{}/members',
  // npm run admin -- rotate-keys.
  'POST /secrets/rewrap',
  // npm run rebuild.
  'POST /rebuild',
];

const document = openApiDocument(createApp(), '1.0.0') as unknown as Document;

const unnamed = (path: string) => path.replaceAll(/\{\w+\}/g, '{}');

/** The admin API's operations by method and path, without the names of the path's parameters. */
function operations(): Map<string, Operation> {
  return new Map(
    Object.entries(document.paths)
      .filter(([path]) => path.startsWith(`${ADMIN}/`))
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]): [string, Operation] => [
          `${method.toUpperCase()} ${unnamed(path.slice(ADMIN.length))}`,
          operation,
        ]),
      ),
  );
}

function resolved(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

function bodyOf(operation: Operation | undefined): Schema {
  const schema = operation?.requestBody?.content['application/json'].schema;
  if (schema === undefined) throw new Error('the operation takes no body');
  return resolved(schema);
}

/** Every command, with the operation that it asks for. */
function commands(): { resource: string; verb: Verb; operation: string }[] {
  return Object.entries(RESOURCES).flatMap(([resource, { path, id, required, verbs, fields }]) =>
    verbs.map((verb) => {
      const isOfOne = id !== null && verb !== 'create' && verb !== 'list';
      const asked = isOfOne ? `${path}/{${id}}` : path;
      const ids = Array.from(asked.matchAll(/\{(\w+)\}/g), ([, name]) => [name ?? '', 'ID']);
      const given =
        verb === 'create'
          ? required.map((field) => [
              field.replaceAll('_', '-'),
              fields[field] === 'targets' ? 'all' : fields[field] && 'x',
            ])
          : [];
      const parsed = parseCommand([resource, verb], Object.fromEntries([...ids, ...given]));
      if (!parsed.ok) throw new Error(`${resource} ${verb}: ${parsed.problem}`);
      return { resource, verb, operation: `${parsed.request.method} ${parsed.request.path.replaceAll('/ID', '/{}')}` };
    }),
  );
}

describe('the table of the admin command line', () => {
  it('has a command for each operation of the admin API, and none besides', () => {
    const asked = commands().map(({ operation }) => operation);
    expect([...asked, ...LEFT_OUT].sort()).toEqual([...operations().keys()].sort());
  });

  it('has the fields of each body, and what creating demands', () => {
    for (const { resource, verb, operation } of commands()) {
      if (verb !== 'create' && verb !== 'update') continue;
      const { fields = {}, required = [] } = RESOURCES[resource] ?? {};
      const asked = operations().get(operation);
      const body = asked !== undefined && asked.requestBody === undefined ? {} : bodyOf(asked);
      const named = Object.keys(fields).filter((field) => verb === 'create' || !FIXED_FIELDS.includes(field));
      expect(named.sort(), `${resource} ${verb}`).toEqual(Object.keys(body.properties ?? {}).sort());
      expect([...(verb === 'create' ? required : [])].sort(), `${resource} ${verb}`).toEqual(
        [...(body.required ?? [])].sort(),
      );
    }
  });

  it('has the choices of the lists that take some values only', () => {
    for (const { resource, verb, operation } of commands()) {
      if (verb !== 'create' && verb !== 'update') continue;
      if (Object.keys(RESOURCES[resource]?.fields ?? {}).length === 0) continue;
      const body = bodyOf(operations().get(operation));
      for (const [field, kind] of Object.entries(RESOURCES[resource]?.fields ?? {})) {
        const choices = body.properties?.[field]?.items;
        if (choices === undefined) continue;
        const listed = kind === 'scopes' || kind === 'triggers' ? CHOICES[kind] : undefined;
        expect(listed, `${resource} --${field}`).toEqual(resolved(choices).enum);
      }
    }
  });
});
