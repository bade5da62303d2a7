/** Secrets and optional settings: not in wrangler.toml, so that a deployed Worker has no default for them. */
declare namespace Cloudflare {
  interface Env {
    /** Opens /admin/v1. Without it that API does not exist. */
    ADMIN_TOKEN?: string;
    /** The admin token before the present one, which is accepted too while clients change over. */
    ADMIN_TOKEN_PREVIOUS?: string;
    /** Wraps the secrets in D1: 32 bytes in base64. Without it nothing can be signed. */
    SECRETS_KEY?: string;
    /** The key before a rotation: it still unwraps what was not wrapped again. */
    SECRETS_KEY_PREVIOUS?: string;
    /** Where objects must keep and handle their data, e.g. `eu`. Fixed for ever: other objects answer elsewhere. */
    JURISDICTION?: DurableObjectJurisdiction;
    /** The models of Workers AI, for responders of the threads API. Without it those of the type `workers_ai` fail. */
    AI?: { run(model: string, input: object): Promise<unknown> };
    /** Who of the demo may sign in with a click, as JSON (src/api/session/demo.ts). `npm start` sets it; it counts on loopback hosts only. */
    DEMO_SIGN_IN?: string;
    /** Location hint for new projector objects, e.g. `weur`: near the D1 database. */
    PROJECTOR_LOCATION?: DurableObjectLocationHint;
  }
}
interface Env extends Cloudflare.Env {}
