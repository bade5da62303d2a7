import { useEffect, useState } from 'react';
import { readSession, type Session, signOut } from './hub/session.ts';
import { codeOf, SignInPage } from './sign-in/sign-in-page.tsx';

type State = { step: 'asking' } | { step: 'outside'; reason: string | null } | { step: 'inside'; session: Session };

/** The console: the page to sign in, or what a signed-in person works with. */
export function App() {
  const [state, setState] = useState<State>({ step: 'asking' });
  const [code, setCode] = useState(() => codeOf(location.hash));

  useEffect(() => {
    if (code !== null) return setState({ step: 'outside', reason: null });
    readSession().then(
      (answer) => setState(answer.ok ? { step: 'inside', session: answer.body } : { step: 'outside', reason: null }),
      () => setState({ step: 'outside', reason: null }),
    );
  }, [code]);

  function enter(session: Session): void {
    setCode(null);
    history.replaceState(null, '', '/console/');
    setState({ step: 'inside', session });
  }

  async function leave(): Promise<void> {
    await signOut();
    setState({ step: 'outside', reason: null });
  }

  if (state.step === 'asking') return null;
  if (state.step === 'outside') return <SignInPage code={code} reason={state.reason} onSignedIn={enter} />;
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <h1>Hello, {state.session.user.full_name}</h1>
        <button type="button" className="button" onClick={leave}>
          Sign out
        </button>
      </div>
    </main>
  );
}
