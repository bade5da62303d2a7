import { useState } from 'react';
import type { AppTrigger } from '../../../resources/app.ts';
import { call } from '../../hub/call.ts';
import { RecordPart } from '../../records/record-page.tsx';

/** What a person may open an app for. All else an app is opened for happens in chats, or is none of their doing. */
const OCCASIONS: readonly { readonly type: AppTrigger; readonly label: string }[] = [
  { type: 'manual_nav', label: 'Open the app' },
  { type: 'setup', label: 'Set it up' },
  { type: 'install', label: 'Finish the installation' },
];

/** Opens the page of an installed app in a new tab. `path`: of the installation. */
export function OpenApp({ path }: { path: string }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function openFor(type: AppTrigger): Promise<void> {
    setProblem(null);
    setBusy(true);
    const answer = await call<{ url: string }>(`${path}/trigger?type=${type}`);
    setBusy(false);
    if (answer.ok) {
      // No `noopener`, which would hide that the browser has opened nothing. The page's opener policy cuts the tie.
      if (open(answer.body.url, '_blank') === null)
        setProblem('The browser has blocked the new tab. Allow it for this page, and try again.');
      return;
    }
    setProblem('type' in answer.fields ? 'The app has no page for this.' : answer.detail);
  }

  return (
    <RecordPart
      title="Its pages"
      about="A page opens in a new tab and knows who you are: there the app may act for you, within the rights that both have. Not every app has all of them."
    >
      <p className="record-actions">
        {OCCASIONS.map(({ type, label }) => (
          <button
            key={type}
            type="button"
            className="button"
            disabled={isBusy}
            onClick={() => openFor(type).catch(console.error)}
          >
            {label}
          </button>
        ))}
      </p>
      {problem === null ? null : (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </RecordPart>
  );
}
