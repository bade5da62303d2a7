/** The settings from environment variables. README.md says where each comes from. */
export type Configuration = {
  /** Scheme, host and port of the hub, without a slash at the end. */
  hubUrl: string;
  organizationId: string;
  /** The room in which the visitors' chats start. */
  roomId: string;
  /** API token of a user of the organization. */
  apiToken: string;
  /** The hub sends it in the query string of every webhook, as `secret`. */
  webhookSecret: string;
  /** The URL under which the hub and the visitors reach this application, without a slash at the end. */
  appUrl: string;
  /** Port of 127.0.0.1. */
  port: number;
  /** File of the SQLite database. */
  storePath: string;
};

/** Variables are missing or invalid. The message names each of them. */
export class ConfigurationRefused extends Error {}

/** Reads the environment. Throws `ConfigurationRefused`. */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const problems: string[] = [];

  function text(name: string): string {
    const value = environment[name] ?? '';
    if (value === '') problems.push(`${name} is not set.`);
    return value;
  }
  function address(name: string, value: string): string {
    const isAddress = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
    if (value !== '' && !isAddress) problems.push(`${name} takes an http or https address, not "${value}".`);
    return value.replace(/\/+$/, '');
  }

  const portText = environment['APP_PORT'] ?? '8000';
  const port = Number(portText);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    problems.push(`APP_PORT takes a number from 1 to 65535, not "${portText}".`);
  }
  const configuration = {
    hubUrl: address('HUB_URL', text('HUB_URL')),
    organizationId: text('HUB_ORGANIZATION_ID'),
    roomId: text('HUB_ROOM_ID'),
    apiToken: text('HUB_API_TOKEN'),
    webhookSecret: text('WEBHOOK_SECRET'),
    appUrl: address('APP_URL', environment['APP_URL'] ?? `http://127.0.0.1:${port}`),
    port,
    storePath: environment['STORE_PATH'] ?? 'third-party-chat.sqlite',
  };
  if (problems.length > 0) throw new ConfigurationRefused(problems.join('\n'));
  return configuration;
}
