import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { chatsRoutes } from '../../../src/api/chats/routes.ts';

type Documented = { method: string; path: string; statuses: { [status: string]: string[] } };

/** The operations of the Chats API with their published statuses. */
const contract = JSON.parse(readFileSync('test/worker/contract/chats-v5.json', 'utf8')) as Documented[];

const document = chatsRoutes.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'UMI', version: '1' } });
const paths = document.paths as { [path: string]: { [method: string]: { responses: object; summary: string } } };
const pathOf = ({ path }: Documented) => path.replace('/api/v5', '').replaceAll(/<(\w+)>/g, '{$1}');

describe('the reference of the Chats API', () => {
  it('reads a contract', () => {
    expect(contract).toHaveLength(82);
  });

  it.each(contract)('documents $method $path with all its statuses', (operation) => {
    const documented = paths[pathOf(operation)]?.[operation.method.toLowerCase()]?.responses;
    expect(Object.keys(documented ?? {})).toEqual(expect.arrayContaining(Object.keys(operation.statuses)));
  });

  it('has a path for each member of a collection', () => {
    const collections = contract.filter(({ method, path }) => method === 'GET' && !path.endsWith('>')).map(pathOf);
    const readable = Object.keys(paths).filter((path) => paths[path]?.['get'] !== undefined);
    const without = collections.filter(
      (path) => !readable.some((each) => each.replace(/\/\{\w+\}$/, '') === path && each !== path),
    );
    expect(without).toEqual([]);
  });

  it('gives each read its own summary', () => {
    const summaries = Object.values(paths).flatMap(({ get }) => (get === undefined ? [] : [get.summary]));
    expect(summaries.length).toBeGreaterThan(50);
    expect(new Set(summaries).size).toBe(summaries.length);
  });
});
