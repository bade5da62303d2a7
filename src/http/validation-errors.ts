import type { z } from '@hono/zod-openapi';
import type { FieldErrors, FieldMessages } from './refusals.ts';

type Issue = z.core.$ZodIssue;
type Node = {
  messages: string[];
  isObject: boolean;
  isWrongType: boolean;
  children: Map<PropertyKey, Node>;
  value: unknown;
};

/**
 * zod's issues in the form of Django REST framework's 400 body: nested like the payload, a list with `{}` for each
 * valid element, and `non_field_errors` for errors of an object as a whole. `input` is what was validated.
 */
export function fieldErrors(issues: readonly Issue[], input: unknown): FieldErrors {
  const root = newNode(input);
  for (const issue of issues) {
    let node = root;
    for (const segment of issue.path) node = childOf(node, segment);
    // zod also checks the length of a string in place of a list.
    if (node.isWrongType) continue;
    node.messages.push(
      ...(issue.code === 'invalid_key' ? issue.issues.map(({ message }) => message) : [issue.message]),
    );
    if (issue.code !== 'invalid_type') continue;
    node.isWrongType = true;
    node.isObject = issue.expected === 'object' && node.value != null;
  }
  return renderObject(root);
}

function newNode(value: unknown): Node {
  return { messages: [], isObject: isPlainObject(value), isWrongType: false, children: new Map(), value };
}

function childOf(node: Node, segment: PropertyKey): Node {
  const known = node.children.get(segment);
  if (known !== undefined) return known;
  const inside = node.value as Record<PropertyKey, unknown> | null | undefined;
  const child = newNode(inside != null && Object.hasOwn(inside, segment) ? inside[segment] : undefined);
  node.children.set(segment, child);
  return child;
}

function render(node: Node): FieldMessages {
  if (Array.isArray(node.value) && node.children.size > 0 && node.messages.length === 0) {
    return node.value.map((_, place) => {
      const child = node.children.get(place);
      return child === undefined ? {} : render(child);
    });
  }
  if (node.isObject || (node.children.size > 0 && node.messages.length === 0)) return renderObject(node);
  return node.messages;
}

function renderObject(node: Node): FieldErrors {
  const entries: [string, FieldMessages][] = Array.from(node.children, ([field, child]) => [
    // A key of a client's record may hold half a character, which strict parsers of JSON refuse.
    String(field).toWellFormed(),
    render(child),
  ]);
  if (node.messages.length > 0) entries.push(['non_field_errors', node.messages]);
  return Object.fromEntries(entries);
}

function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
