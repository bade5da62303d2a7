import { spawn } from 'node:child_process';
import { projectPath, projectRoot } from '../../../scripts/project.ts';

export type ScriptProcess = {
  pid: number;
  /** Everything printed so far, both streams. */
  output(): string;
  /** Resolves with the whole output once it contains the text. Rejects when the process ends before. */
  waitForOutput(text: string): Promise<string>;
  /** The exit code, or the signal's name. */
  ended: Promise<number | string>;
  kill(signal: NodeJS.Signals): void;
};

/**
 * Runs one of the project's scripts in its own process, as npm would, with these variables added to the environment.
 */
export function runScript(
  path: string,
  args: readonly string[],
  variables: Record<string, string> = {},
): ScriptProcess {
  const child = spawn(projectPath('node_modules/.bin/node'), [projectPath(path), ...args], {
    cwd: projectRoot,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const watchers = new Set<() => void>();
  function take(chunk: Buffer): void {
    output += chunk.toString();
    for (const watcher of [...watchers]) watcher();
  }
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    waitForOutput: (text) =>
      new Promise((resolve, reject) => {
        function look(): void {
          if (!output.includes(text)) return;
          watchers.delete(look);
          resolve(output);
        }
        watchers.add(look);
        look();
        ended.then((end) => reject(new Error(`${path} ended with ${end} without "${text}":\n${output}`)), reject);
      }),
    ended,
    kill(signal) {
      child.kill(signal);
    },
  };
}
