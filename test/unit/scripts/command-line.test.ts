import { describe, expect, it } from 'vitest';
import { parseCommandLine, usageOf } from '../../../scripts/command-line.ts';

const command = {
  run: 'npm start',
  does: 'Runs the hub.',
  options: {
    port: { takes: 'PORT', from: 1, upTo: 65_535, says: 'port of 127.0.0.1' },
    'persist-to': { takes: 'DIR', says: 'folder of the store' },
    'dry-run': { says: 'changes nothing' },
  },
} as const;

const parse = (args: string[], environment: Record<string, string> = {}) =>
  parseCommandLine(command, args, environment);
const npm = (config: Record<string, string>) => ({ npm_lifecycle_event: 'start', ...config });

describe('the command line of a script', () => {
  it('gives numbers, texts and flags', () => {
    expect(parse(['--port', '8797', '--persist-to=/tmp/x', '--dry-run'])).toEqual({
      kind: 'values',
      values: { port: 8797, 'persist-to': '/tmp/x', 'dry-run': true },
    });
    expect(parse([])).toEqual({
      kind: 'values',
      values: { port: undefined, 'persist-to': undefined, 'dry-run': false },
    });
  });

  it.each([
    [['--prot', '9'], "Unknown option '--prot'."],
    [['--port'], "Option '--port <value>' argument missing."],
    [['--port', '--dry-run'], "Option '--port' argument is ambiguous."],
    [['--dry-run=1'], "Option '--dry-run' does not take an argument."],
    [['8797'], "Unexpected argument '8797'."],
    [['--port', 'abc'], '--port takes a number from 1 to 65535, not "abc".'],
    [['--port', '80000'], '--port takes a number from 1 to 65535, not "80000".'],
    [['--port', ''], '--port takes a number from 1 to 65535, not "".'],
    [['--persist-to', ''], '--persist-to takes a value.'],
  ])('refuses %j in one line', (args, problem) => {
    expect(parse(args)).toEqual({ kind: 'refused', problem });
  });

  it.each([
    [['8797'], { npm_config_port: 'true' }, '--port 8797'],
    [[], { npm_config_port: '8797' }, '--port 8797'],
    [[], { npm_config_port: 'true' }, '--port PORT'],
    [[], { npm_config_dry_run: 'true' }, '--dry-run'],
    [['8797', '/tmp/x'], { npm_config_persist_to: 'true', npm_config_port: 'true' }, '--port 8797 --persist-to /tmp/x'],
  ])('with %j says where the -- is missing when npm took %j', (args, config, typed) => {
    expect(parse(args, npm(config))).toEqual({
      kind: 'refused',
      problem: `npm takes options for its own unless -- stands before them: npm start -- ${typed}.`,
    });
  });

  it('leaves what npm itself was told alone', () => {
    expect(parse([], npm({ npm_config_loglevel: 'silent', npm_config_port: '' })).kind).toBe('values');
    expect(parse([], { npm_config_port: '8797' }).kind).toBe('values');
  });

  it('has a help that names each option', () => {
    expect(usageOf(command)).toBe('npm start -- [--port PORT] [--persist-to DIR] [--dry-run]');
    expect(parse(['-h', '--port', '1'])).toEqual({
      kind: 'help',
      text: `Usage: npm start -- [--port PORT] [--persist-to DIR] [--dry-run]

Runs the hub.

  --port PORT        port of 127.0.0.1
  --persist-to DIR   folder of the store
  --dry-run          changes nothing
  --help             prints this
`,
    });
  });
});
