/** How the operator's commands find a hub and its admin token. */

const ADMIN_TOKEN = 'UMI_ADMIN_TOKEN';

export const ADMIN_TOKEN_HELP = `${ADMIN_TOKEN}    the hub's ADMIN_TOKEN, from the environment only: other users can see arguments.
                   For a hub of npm start: ${ADMIN_TOKEN}=$(cat .wrangler/admin-token)`;

export const NO_ADMIN_TOKEN = `${ADMIN_TOKEN} is not set. For a hub of npm start: export ${ADMIN_TOKEN}=$(cat .wrangler/admin-token)`;

/** The admin token in the environment; null when there is none. */
export function adminToken(): string | null {
  const token = process.env[ADMIN_TOKEN] ?? '';
  return token === '' ? null : token;
}

/** The URL of the hub when the command line names none. */
export function defaultBaseUrl(): string {
  return process.env['UMI_BASE_URL'] ?? 'http://127.0.0.1:8787';
}
