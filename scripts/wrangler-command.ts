import { spawn } from 'node:child_process';
import { DeploymentRefused } from './deployment-target.ts';
import { projectPath, projectRoot } from './project.ts';

export type CommandResult = { code: number; stdout: string; stderr: string };

/**
 * `output: 'show'` lets the command use this terminal (it may ask questions); then stdout and stderr come back empty.
 */
export type WranglerOptions = {
  output?: 'capture' | 'show';
  environment?: Record<string, string>;
  /** What the command reads from its standard input. Other users of the machine cannot see it, as they can arguments. */
  input?: string;
};
export type RunWrangler = (args: readonly string[], options?: WranglerOptions) => Promise<CommandResult>;

/** Usage reports and the check for newer versions would need the network, and do not concern this project. */
export const QUIET = { WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' };

/**
 * Runs this project's wrangler in the project's root. Answers its exit code and output. A non-zero code is not an
 * error. Throws only when the process cannot be started.
 */
export const runWrangler: RunWrangler = (args, options = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [projectPath('node_modules/wrangler/bin/wrangler.js'), ...args], {
      cwd: projectRoot,
      env: { ...process.env, ...QUIET, ...options.environment },
      stdio: options.output === 'show' ? 'inherit' : [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // A command that ends without reading breaks the pipe. Its exit code says what happened.
    child.stdin?.on('error', () => {}).end(options.input);
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });

/** What a command answers. Throws `DeploymentRefused` with `failure` and what wrangler said when it fails. */
export async function must(running: Promise<CommandResult>, failure: string): Promise<CommandResult> {
  const result = await running;
  if (result.code !== 0) throw new DeploymentRefused(`${failure}.\n${result.stdout}${result.stderr}`.trim());
  return result;
}
