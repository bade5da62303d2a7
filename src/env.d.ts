/** Secrets and optional settings: not in wrangler.toml, so that a deployed Worker has no default for them. */
declare namespace Cloudflare {
  interface Env {
    /** Opens /admin/v1. Without it that API does not exist. */
    ADMIN_TOKEN?: string;
    /** The admin token before the present one, which is accepted too while clients change over. */
    ADMIN_TOKEN_PREVIOUS?: string;
    /** Location hint for new projector objects, e.g. `weur`: near the D1 database. */
    PROJECTOR_LOCATION?: DurableObjectLocationHint;
  }
}
interface Env extends Cloudflare.Env {}
