import type { ShownWebhook } from './app-types.ts';
import { SCOPE_WORDS, wordsOfChanges, wordsOfPattern } from './app-words.ts';

/** What an app may do where it is installed, in words. */
export function AppRights({ scopes, hasBot }: { scopes: readonly string[]; hasBot: boolean }) {
  return (
    <ul className="plain-list">
      <li>Act for whoever opens it, within the rights that both have.</li>
      {hasBot ? (
        <li>Take part in chats as a bot of its own, and read users, teams, rooms and the chats of your rooms.</li>
      ) : null}
      {scopes.map((scope) => (
        <li key={scope}>{SCOPE_WORDS[scope] ?? scope}</li>
      ))}
    </ul>
  );
}

/** What an app is sent, and to where. */
export function AppIsSent({ webhooks }: { webhooks: readonly ShownWebhook[] }) {
  if (webhooks.length === 0) return <p className="muted">Nothing.</p>;
  const hosts = [...new Set(webhooks.map(({ endpoint_host }) => endpoint_host))];
  return hosts.map((host) => (
    <div key={host}>
      <p>
        To <code>{host}</code>:
      </p>
      <ul className="plain-list">
        {webhooks
          .filter(({ endpoint_host }) => endpoint_host === host)
          .map((webhook) => (
            <li key={webhook.channel_pattern}>
              {wordsOfPattern(webhook.channel_pattern)}, when {wordsOfChanges(webhook)}
            </li>
          ))}
      </ul>
    </div>
  ));
}
