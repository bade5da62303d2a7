/**
 * Replays the examples of a published text, one after the other. Texts in capitals and braces, such as {CHAT}, stand for values that an
 * earlier answer has bound.
 */
import type { WebhookReceiver } from '../webhook-receiver.ts';
import { AtLeast, type Bindings, compare, type Expected, ListWith, Placeholder } from './expectation.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Sent = null | boolean | number | string | readonly Sent[] | { readonly [key: string]: Sent | undefined };

type Exchange = {
  call: `${Method} /${string}`;
  /** The name of the token or key that the request carries; null for none. */
  as: string | null;
  body?: Sent;
  /** Sends a form with these fields and a small file instead of a body. */
  form?: { readonly [key: string]: string };
  status: number;
  /** Without it any body will do. */
  answer?: Expected;
};

/** A request that the hub sends to this path of the receiver, in whatever order. */
type Told = { toldAt: `/${string}`; carries: Expected; header?: readonly [name: string, value: string] };

/** `what` names the example in its text. `isPreparation`: it is not in the text, which takes it for granted. */
export type Example = { what: string; isPreparation?: true } & (Exchange | Told);

/** A published text. */
export type Text = { name: string; examples: readonly Example[] };

/** What differs from the texts, one sentence each, and how many of their examples were replayed. */
export type Outcome = { replayed: number; differences: string[] };

export class Replay {
  readonly #baseUrl: string;
  readonly #receiver: WebhookReceiver;
  readonly #known: Readonly<Record<string, string>>;
  readonly #print: (line: string) => void;

  /** `known`: values that are bound from the beginning. */
  constructor(
    baseUrl: string,
    receiver: WebhookReceiver,
    known: Readonly<Record<string, string>>,
    print: (line: string) => void,
  ) {
    this.#baseUrl = baseUrl;
    this.#receiver = receiver;
    this.#known = known;
    this.#print = print;
  }

  /** Replays a text. Each line that it prints names the text and the example. */
  async play({ name, examples }: Text): Promise<Outcome> {
    const bindings: Bindings = new Map(Object.entries(this.#known));
    const outcome: Outcome = { replayed: 0, differences: [] };
    for (const example of examples) {
      const found = await this.#differencesOf(example, bindings);
      const mark = found.length > 0 ? '✗' : example.isPreparation === true ? '·' : '✓';
      this.#print(`${mark} ${name}: ${example.what}`);
      for (const difference of found) this.#print(`    ${difference}`);
      outcome.differences.push(...found.map((difference) => `${name}: ${example.what}: ${difference}`));
      if (example.isPreparation !== true) outcome.replayed += 1;
    }
    return outcome;
  }

  async #differencesOf(example: Example, bindings: Bindings): Promise<string[]> {
    try {
      return 'call' in example ? await this.#exchange(example, bindings) : await this.#told(example, bindings);
    } catch (error) {
      return [(error as Error).message];
    }
  }

  async #exchange(example: Exchange, bindings: Bindings): Promise<string[]> {
    const [method = '', path = ''] = filled(example.call, bindings).split(' ');
    const headers = new Headers(credentials(example.as, bindings));
    let body: string | FormData | null = null;
    if (example.form !== undefined) {
      body = new FormData();
      for (const [key, value] of Object.entries(example.form)) body.set(key, filled(value, bindings));
      body.set('file', new Blob(['A small file.\n'], { type: 'text/plain' }), 'note.txt');
    } else if (example.body !== undefined) {
      headers.set('Content-Type', 'application/json');
      body = filled(JSON.stringify(example.body), bindings);
    }
    const answer = await fetch(`${this.#baseUrl}${path}`, { method, headers, body });
    const text = await answer.text();
    if (answer.status !== example.status) {
      return [`status: expected ${example.status}, got ${answer.status} ${text.slice(0, 300)}`];
    }
    if (example.answer === undefined) return [];
    return compare(expectedNow(example.answer, bindings), text === '' ? null : JSON.parse(text), bindings);
  }

  /** Waits for the request. */
  async #told({ toldAt, carries, header }: Told, bindings: Bindings): Promise<string[]> {
    const expected = expectedNow(carries, bindings);
    const tries = new Map<number, { bound: Bindings; differences: string[] }>();
    try {
      await this.#receiver.waitUntil((requests) => {
        for (const { index, path, body, headers } of requests) {
          if (path !== toldAt || tries.has(index)) continue;
          const bound: Bindings = new Map(bindings);
          const differences = compare(expected, JSON.parse(body), bound);
          if (header !== undefined && headers[header[0]] !== header[1]) differences.push(`header ${header[0]}: other`);
          tries.set(index, { bound, differences });
        }
        return [...tries.values()].some(({ differences }) => differences.length === 0);
      });
    } catch {
      const last = [...tries.values()].at(-1)?.differences ?? [];
      return [`none of the ${tries.size} webhooks to ${toldAt} is the expected one`, ...last];
    }
    for (const { bound, differences } of tries.values()) {
      if (differences.length > 0) continue;
      for (const [name, value] of bound) bindings.set(name, value);
      break;
    }
    return [];
  }
}

/** The threads API has its key in a header of its own. */
function credentials(as: string | null, bindings: Bindings): Record<string, string> {
  if (as === null) return {};
  const value = filled(`{${as}}`, bindings);
  return as === 'THREADS_KEY' ? { 'x-api-key': value } : { Authorization: `Bearer ${value}` };
}

/** The text with the values of its names. Throws when one is not known. */
function filled(text: string, bindings: Bindings): string {
  return text.replaceAll(/\{([A-Z][A-Z0-9_]*)\}/g, (_, name: string) => {
    const value = bindings.get(name);
    if (typeof value !== 'string') throw new Error(`${name} is not known, because an earlier example differs`);
    return value;
  });
}

function expectedNow(expected: Expected, bindings: Bindings): Expected {
  if (typeof expected === 'string') return filled(expected, bindings);
  if (typeof expected !== 'object' || expected === null || expected instanceof Placeholder) return expected;
  if (expected instanceof AtLeast) return new AtLeast(fieldsNow(expected.fields, bindings));
  if (expected instanceof ListWith) return new ListWith(expectedNow(expected.entry, bindings));
  if (Array.isArray(expected)) return expected.map((entry: Expected) => expectedNow(entry, bindings));
  return fieldsNow(expected as Record<string, Expected>, bindings);
}

function fieldsNow(fields: Readonly<Record<string, Expected>>, bindings: Bindings): Record<string, Expected> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, expectedNow(value, bindings)]));
}
