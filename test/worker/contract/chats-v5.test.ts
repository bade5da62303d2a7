import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../support/worker/contract-case.ts';
import { tryLine } from '../../support/worker/contract-lines.ts';
import { type ContractOrganization, openContractOrganization } from '../../support/worker/contract-organization.ts';
import { resultsOf } from '../../support/worker/organization.ts';
import type { Answer } from '../../support/worker/requests.ts';
import contract from './chats-v5.json' with { type: 'json' };

/**
 * Every operation of the published Chats API and every line of its statuses: 82 operations, 558 lines. Each line's
 * request is made in the state that the line describes, and answered with the line's status.
 */
const operations = contract as unknown as Operation[];
const lines = operations.flatMap((operation) =>
  Object.entries(operation.statuses).flatMap(([status, reasons]) =>
    reasons.map((reason) => ({ operation, status, reason, name: `${status} ${reason}` })),
  ),
);

const lineText = ({ method, path }: Operation, status: string, reason: string) =>
  `${method} ${path} │ ${status} │ ${reason}`;

let org: ContractOrganization;
const seen: string[] = [];

beforeAll(async () => {
  org = await openContractOrganization();
});

afterAll(() => {
  console.log([...seen, `${seen.length} of ${lines.length} lines of ${operations.length} operations seen`].join('\n'));
});

/** Refusals have the form of Django REST framework. A list is a collection. A deletion has no body. */
function expectForm(operation: Operation, answer: Answer): void {
  if (answer.status === 204) expect(answer.text).toBe('');
  else if (answer.status === 400) expect(Object.keys(answer.json).length).toBeGreaterThan(0);
  else if (answer.status >= 400) expect(answer.json).toEqual({ detail: expect.any(String) });
  else if (operation.method === 'GET' && !/<(chat_id|id)>$/.test(operation.path)) {
    expect(Object.keys(answer.json).sort()).toEqual(['next', 'previous', 'results']);
    expect(resultsOf(answer)).toEqual(expect.any(Array));
  } else expect(Object.keys(answer.json).length).toBeGreaterThan(3);
}

it('the contract has 82 operations and 558 lines', () => {
  expect([operations.length, lines.length]).toEqual([82, 558]);
});

describe.each(operations.map((operation) => ({ operation, name: `${operation.method} ${operation.path}` })))(
  '$name',
  ({ operation }) => {
    it.each(lines.filter((line) => line.operation === operation))('$name', async ({ status, reason }) => {
      const answer = await tryLine(org, operation, status, reason);
      expect([answer.status, answer.text]).toEqual([Number(status), answer.text]);
      expectForm(operation, answer);
      seen.push(lineText(operation, status, reason));
    });
  },
);

it('every line was tested', () => {
  const all = lines.map(({ operation, status, reason }) => lineText(operation, status, reason));
  expect(new Set(all).size).toBe(lines.length);
  expect([...seen].sort()).toEqual(all.sort());
});
