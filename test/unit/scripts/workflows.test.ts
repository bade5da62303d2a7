import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** A step of a workflow: its lines without the dash. */
type Step = { run: string; text: string };

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
const workflows = readdirSync('.github/workflows');
const read = (name: string) => readFileSync(`.github/workflows/${name}`, 'utf8');

/** The steps of a job, in their order; the files are written with two spaces a level. */
function stepsOf(name: string, job: string): Step[] {
  const text =
    read(name)
      .split(new RegExp(`^  ${job}:$`, 'm'))[1]
      ?.split(/^ {2}\S/m)[0] ?? '';
  return text
    .split(/^ {6}- /m)
    .slice(1)
    .map((step) => ({ run: /(?:^|\s)run: (.*)$/m.exec(step)?.[1] ?? '', text: step }));
}

describe('the workflows', () => {
  test('run scripts that are there, with options that they have', () => {
    const run = workflows.flatMap((name) => [...read(name).matchAll(/npm run (\S+)(?: -- ([^&|)\n]*))?/g)]);
    expect(run.length).toBeGreaterThan(8);
    for (const [line, script = '', options = ''] of run) {
      const file = /scripts\/\S+\.ts$/.exec(scripts[script] ?? '')?.[0];
      expect(file, line).toBeDefined();
      const source = readFileSync(file ?? '', 'utf8');
      for (const [, option] of options.matchAll(/--([a-z-]+)/g)) {
        expect(source.includes(`'${option}': {`) || source.includes(`${option}: {`), line).toBe(true);
      }
    }
  });

  test('give all requests of production to the version that some of them have tried', () => {
    const text = read('deploy.yml');
    expect(text).toMatch(/version: \$\{\{ steps\.some\.outputs\.version \}\}/);
    const [plan, some, ...looks] = stepsOf('deploy.yml', 'production').filter(
      ({ run }) => run !== 'npm ci' && run !== '',
    );
    expect(plan?.run).toBe('npm run deploy -- --env production --dry-run --record "$GITHUB_OUTPUT"');
    expect(plan?.text).toContain('id: plan');
    expect(some?.run).toBe('npm run deploy -- --env production --percentage 10 --record "$GITHUB_OUTPUT"');
    expect(some?.text).toContain('id: some');
    for (const step of [some, ...looks]) expect(step?.text).toContain("if: steps.plan.outputs.gradual == 'true'");

    const deploys = stepsOf('deploy.yml', 'production-all').filter(({ run }) => run.startsWith('npm run deploy'));
    expect(deploys.map(({ run, text: step }) => [/if: (.*)/.exec(step)?.[1], run])).toEqual([
      ["needs.production.outputs.version != ''", 'npm run deploy -- --env production --promote "$VERSION"'],
      ["needs.production.outputs.version == ''", 'npm run deploy -- --env production'],
    ]);
    expect(deploys[0]?.text).toMatch(/VERSION: \$\{\{ needs\.production\.outputs\.version \}\}/);
  });

  test('play the demo against what staging has become, not against a hub of their own', () => {
    const steps = stepsOf('deploy.yml', 'staging').map(({ run }) => run);
    expect(steps.slice(-3)).toEqual([
      'npm run deploy -- --env staging',
      'npm run doctor -- --env staging',
      'npm run demo -- --remote',
    ]);
  });
});
