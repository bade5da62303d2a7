import { html, raw } from 'hono/html';
import { expandSchema, type SchemaField, type SchemaObject } from './reference-schema.ts';
import type { AppRouter } from './router.ts';

export type OpenApiDocument = ReturnType<AppRouter['getOpenAPI31Document']>;

type Operation = {
  method: string;
  path: string;
  tag: string;
  summary: string;
  description: string;
  isOpen: boolean;
  parameters: { name: string; place: string; required: boolean; schema: SchemaObject }[];
  body: SchemaObject | null;
  responses: { status: string; description: string; schema: SchemaObject | null }[];
};

type Html = ReturnType<typeof html>;

/** The reference page: the document as plain HTML without scripts, fonts or anything else from elsewhere. */
export function renderReference(document: OpenApiDocument): string {
  const operations = operationsOf(document);
  const schemas = (document.components?.schemas ?? {}) as Record<string, SchemaObject>;
  const tags = tagsOf(document, operations);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header>
<h1>${document.info.title} API</h1>
<p>${document.info.description ?? ''}</p>
<p>Authenticate with <code>Authorization: Bearer &lt;token&gt;</code> or <code>Authorization: Token &lt;token&gt;</code>.
The same as a document: <a href="/openapi.json">openapi.json</a>.</p>
<nav>${tags.map((tag) => html`<a href="#${anchor(tag.name)}">${tag.name}</a> `)}</nav>
</header>
<main>${tags.map(
    (tag) => html`<section id="${anchor(tag.name)}">
<h2>${tag.name}</h2>
<p>${tag.description}</p>
${operations.filter((operation) => operation.tag === tag.name).map((operation) => renderOperation(operation, schemas))}
</section>`,
  )}</main>
</body>
</html>`;
  return String(page);
}

function renderOperation(operation: Operation, schemas: Record<string, SchemaObject>): Html {
  return html`<article>
<h3><span class="method ${operation.method}">${operation.method.toUpperCase()}</span> <code>${operation.path}</code></h3>
<p><strong>${operation.summary}</strong>${operation.isOpen ? ' (no token needed)' : ''}</p>
${operation.description === '' ? '' : html`<p>${operation.description}</p>`}
${operation.parameters.length === 0 ? '' : renderParameters(operation, schemas)}
${operation.body === null ? '' : html`<details open><summary>Body</summary>${renderFields(expandSchema(operation.body, schemas))}</details>`}
${operation.responses.map(
  (response) =>
    html`<details><summary><code>${response.status}</code> ${response.description}</summary>${
      response.schema === null ? html`<p>No body.</p>` : renderFields(expandSchema(response.schema, schemas))
    }</details>`,
)}
</article>`;
}

function renderParameters(operation: Operation, schemas: Record<string, SchemaObject>): Html {
  const fields = operation.parameters.map((parameter) => {
    const [root] = expandSchema(parameter.schema, schemas);
    return {
      name: parameter.name,
      depth: 0,
      type: `${root?.type ?? 'string'} in ${parameter.place}`,
      isRequired: parameter.required,
      note: root?.note ?? '',
    };
  });
  return html`<details open><summary>Parameters</summary>${renderFields(fields)}</details>`;
}

function renderFields(fields: readonly SchemaField[]): Html {
  return html`<dl>${fields.map(
    (field) =>
      html`<div class="d${Math.min(field.depth, 4)}"><dt>${field.name === '' ? '' : html`<code>${field.name}</code> `}<span>${field.type}${
        field.isRequired ? ', required' : ''
      }</span></dt><dd>${field.note}</dd></div>`,
  )}</dl>`;
}

function tagsOf(document: OpenApiDocument, operations: readonly Operation[]): { name: string; description: string }[] {
  const described = (document.tags ?? []).map((tag) => ({ name: tag.name, description: tag.description ?? '' }));
  const names = new Set(described.map((tag) => tag.name));
  const others = [...new Set(operations.map((operation) => operation.tag))].filter((name) => !names.has(name));
  return [...described, ...others.map((name) => ({ name, description: '' }))].filter((tag) =>
    operations.some((operation) => operation.tag === tag.name),
  );
}

function operationsOf(document: OpenApiDocument): Operation[] {
  const operations: Operation[] = [];
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const operation = item?.[method];
      if (operation === undefined) continue;
      const body = operation.requestBody;
      operations.push({
        method,
        path,
        tag: operation.tags?.[0] ?? 'Other',
        summary: operation.summary ?? '',
        description: operation.description ?? '',
        isOpen: operation.security === undefined,
        parameters: (operation.parameters ?? []).flatMap((parameter) =>
          'name' in parameter
            ? [
                {
                  name: parameter.name,
                  place: parameter.in,
                  required: parameter.required ?? false,
                  schema: (parameter.schema ?? {}) as SchemaObject,
                },
              ]
            : [],
        ),
        body: body !== undefined && 'content' in body ? schemaOf(body.content) : null,
        responses: Object.entries(operation.responses ?? {}).map(([status, response]) => ({
          status,
          description: String(response.description ?? ''),
          schema: schemaOf((response as { content?: Content }).content),
        })),
      });
    }
  }
  return operations;
}

type Content = { [mediaType: string]: { schema?: unknown } };

function schemaOf(content: Content | undefined): SchemaObject | null {
  const [first] = Object.values(content ?? {});
  return first?.schema === undefined ? null : (first.schema as SchemaObject);
}

function anchor(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
code{font:0.9em ui-monospace,monospace}
nav a{display:inline-block;margin:0 .8rem .4rem 0}
section{margin-top:2.5rem}
article{border-top:1px solid #8886;padding:.5rem 0 1.5rem}
h3{font-size:1rem;font-weight:600}
.method{display:inline-block;min-width:4.2em;padding:0 .4em;border-radius:.3em;color:#fff;background:#456;text-align:center;font-size:.8rem}
.post{background:#27663a}.put,.patch{background:#7a5a10}.delete{background:#8d2a2a}
details{margin:.4rem 0}
summary{cursor:pointer}
dl{margin:.4rem 0}
dl div{padding:.15rem 0 .15rem .8rem;border-left:2px solid #8884}
.d1{margin-left:1rem}.d2{margin-left:2rem}.d3{margin-left:3rem}.d4{margin-left:4rem}
dt span{opacity:.75;font-size:.9em}
dd{margin:0;font-size:.9em}
dd:empty{display:none}
`;
