/**
 * The command lines of the scripts. A script describes its options once; help, usage and refusals are made from that.
 * An error is reported in one line, and the script ends: without the option it could do something that nobody asked
 * for, above all `deploy`.
 */
import { parseArgs } from 'node:util';

/**
 * `takes`: the word for the option's value; absent for a flag. `from` and `upTo`: the value is a whole number between
 * them.
 */
export type CommandOption = { takes?: string; from?: number; upTo?: number; says: string };

export type Command<Options extends { readonly [name: string]: CommandOption }> = {
  /** The command as it is typed, such as `npm start`. */
  run: string;
  /** What it does, as lines of the help. */
  does: string;
  options: Options;
};

/** Flags are true or false, options with a value undefined when they are absent. */
export type CommandValues<Options> = {
  [Name in keyof Options]: Options[Name] extends { from: number }
    ? number | undefined
    : Options[Name] extends { takes: string }
      ? string | undefined
      : boolean;
};

export type ParsedLine<Options> =
  | { kind: 'values'; values: CommandValues<Options> }
  | { kind: 'help'; text: string }
  | { kind: 'refused'; problem: string };

/**
 * The values of this process's command line. With `--help` it prints the help and ends the process with 0. With invalid
 * arguments it prints the error and the usage, and ends the process with 2.
 */
export function readCommandLine<const Options extends { readonly [name: string]: CommandOption }>(
  command: Command<Options>,
): CommandValues<Options> {
  const parsed = parseCommandLine(command, process.argv.slice(2), process.env);
  if (parsed.kind === 'values') return parsed.values;
  if (parsed.kind === 'help') process.stdout.write(parsed.text);
  else process.stderr.write(`${parsed.problem} Usage: ${usageOf(command)}\n`);
  process.exit(parsed.kind === 'help' ? 0 : 2);
}

/**
 * The values of the arguments, or what is wrong with them. `environment` shows the options that npm took for itself
 * because the `--` before them is missing.
 */
export function parseCommandLine<const Options extends { readonly [name: string]: CommandOption }>(
  command: Command<Options>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): ParsedLine<Options> {
  const swallowed = optionsTakenByNpm(command.options, args, environment);
  if (swallowed !== null) {
    const problem = `npm takes options for its own unless -- stands before them: ${command.run} -- ${swallowed}`;
    return { kind: 'refused', problem: `${problem}.` };
  }
  let given: Record<string, unknown>;
  try {
    given = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries(
          Object.entries(command.options).map(([name, { takes }]) => [
            name,
            { type: takes === undefined ? 'boolean' : 'string' } as const,
          ]),
        ),
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return { kind: 'refused', problem: `${argumentProblem(error)}.` };
  }
  if (given['help'] === true) return { kind: 'help', text: helpOf(command) };
  const values: Record<string, string | number | boolean | undefined> = {};
  for (const [name, option] of Object.entries(command.options)) {
    const value = given[name] as string | boolean | undefined;
    const problem = typeof value === 'string' ? problemOf(name, option, value) : null;
    if (problem !== null) return { kind: 'refused', problem };
    values[name] = option.takes === undefined ? value === true : isNumber(option) && value ? Number(value) : value;
  }
  return { kind: 'values', values: values as CommandValues<Options> };
}

function problemOf(name: string, option: CommandOption, value: string): string | null {
  if (!isNumber(option)) return value === '' ? `--${name} takes a value.` : null;
  const { from = 0, upTo = Number.MAX_SAFE_INTEGER } = option;
  const isInRange = /^\d+$/.test(value) && Number(value) >= from && Number(value) <= upTo;
  const range = option.upTo === undefined ? `from ${from}` : `from ${from} to ${upTo}`;
  return isInRange ? null : `--${name} takes a number ${range}, not "${value}".`;
}

function isNumber(option: CommandOption): boolean {
  return option.from !== undefined;
}

/** The first sentence of an error of parseArgs, without a full stop. The rest does not fit in a line. */
export function argumentProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(/\.\s|\n|\.$/)[0] ?? message;
}

/**
 * The options that npm took for itself and passed only in the environment, as they should have been typed. Null when
 * there are none. npm leaves the value of an option that it does not know among the arguments.
 */
function optionsTakenByNpm(
  options: Readonly<Record<string, CommandOption>>,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string | null {
  if (environment['npm_lifecycle_event'] === undefined) return null;
  const loose = args.filter((argument) => !argument.startsWith('-'));
  const taken = Object.entries(options).flatMap(([name, { takes }]) => {
    const value = environment[`npm_config_${name.replaceAll('-', '_')}`];
    if (value === undefined || value === '') return [];
    if (takes === undefined) return [`--${name}`];
    return [`--${name} ${value === 'true' ? (loose.shift() ?? takes) : value}`];
  });
  return taken.length === 0 ? null : taken.join(' ');
}

/** The command with its options, on one line. */
export function usageOf({ run, options }: Command<{ readonly [name: string]: CommandOption }>): string {
  const shown = Object.entries(options).map(
    ([name, { takes }]) => `[--${name}${takes === undefined ? '' : ` ${takes}`}]`,
  );
  return shown.length === 0 ? run : `${run} -- ${shown.join(' ')}`;
}

function helpOf(command: Command<{ readonly [name: string]: CommandOption }>): string {
  const all = { ...command.options, help: { says: 'prints this' } };
  const rows = Object.entries<CommandOption>(all).map(([name, { takes, says }]) => ({
    option: `--${name}${takes === undefined ? '' : ` ${takes}`}`,
    says,
  }));
  const width = Math.max(...rows.map(({ option }) => option.length));
  const lines = rows.map(({ option, says }) => `  ${option.padEnd(width)}   ${says}`);
  return [`Usage: ${usageOf(command)}`, '', command.does, '', ...lines, ''].join('\n');
}
