import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { browserPorts, forgetCopy, watchBrowser } from './browser-ports.ts';
import { DeskProvider, useDesk, useReplica } from './desk/desk.tsx';
import { type Notice, NoticeBar } from './desk/notice.tsx';
import { everythingAnswered } from './hub/call.ts';
import type { Presence } from './hub/presence.ts';
import { readSession, type Session, signOut, watchSessionOwner } from './hub/session.ts';
import { Replica } from './replica/replica.ts';
import { makeRouter } from './routes.tsx';
import { codeOf, SignInPage } from './sign-in/sign-in-page.tsx';

type State =
  | { step: 'asking' }
  | { step: 'outside' }
  /** `complaint`: why the user is still signed in, after they wanted to sign out. */
  | { step: 'inside'; session: Session; complaint?: string }
  | { step: 'leaving'; session: Session; presence: Presence };

const queries = new QueryClient({
  // A browser’s word that it is offline is not asked for: the hub may be on the same machine.
  defaultOptions: { queries: { retry: 1, staleTime: 30_000, refetchOnWindowFocus: false, networkMode: 'always' } },
});

function openReplica(userId: string): { replica: Replica; close: () => void } {
  const replica = new Replica(browserPorts(userId));
  const unwatch = watchBrowser(replica);
  const close = () => {
    unwatch();
    replica.stop();
  };
  return { replica, close };
}

/** The console: the page to sign in, or what a signed-in person works with. */
export function App() {
  const [state, setState] = useState<State>({ step: 'asking' });
  const [code, setCode] = useState(() => codeOf(location.hash));

  useEffect(() => {
    if (code !== null) return setState({ step: 'outside' });
    readSession().then(
      (answer) =>
        setState(answer.ok && answer.body !== null ? { step: 'inside', session: answer.body } : { step: 'outside' }),
      () => setState({ step: 'outside' }),
    );
  }, [code]);

  useEffect(() => {
    if (state.step === 'outside') forgetCopy();
  }, [state.step]);

  function enter(session: Session): void {
    setCode(null);
    // A used code must not stay in the address, and the page to sign in is no place to come back to.
    if (code !== null || location.pathname.endsWith('/sign-in')) history.replaceState(null, '', '/console');
    setState({ step: 'inside', session });
  }

  // By then the screens are gone, and have told what they had to tell in the session.
  useEffect(() => {
    if (state.step !== 'leaving') return;
    const { session, presence } = state;
    endSession(presence).then(
      (complaint) => setState(complaint === null ? { step: 'outside' } : { step: 'inside', session, complaint }),
      reportError,
    );
  }, [state]);

  if (state.step === 'asking' || state.step === 'leaving') return null;
  if (state.step === 'outside') return <SignInPage code={code} reason={null} onSignedIn={enter} />;
  const { session, complaint = null } = state;
  return (
    <QueryClientProvider client={queries}>
      <Inside
        key={session.user.id}
        session={session}
        problem={complaint}
        onLeave={(presence) => setState({ step: 'leaving', session, presence })}
      />
    </QueryClientProvider>
  );
}

/** Ends the session once the hub has answered everything. Null when it is done; else why not, in words. */
async function endSession(presence: Presence): Promise<string | null> {
  await everythingAnswered();
  // What the screens told last, such as what was seen, is refused to somebody who is away.
  await presence.end();
  const answer = await signOut();
  // The cookie still works: a page that looks signed out would let the next person in.
  if (!answer.ok && answer.status !== 401) return `You are still signed in. ${answer.detail}`;
  queries.clear();
  return null;
}

type InsideProps = { session: Session; problem: string | null; onLeave: (presence: Presence) => void };

function Inside({ session, problem, onLeave }: InsideProps) {
  const [complaint, setComplaint] = useState(problem);
  const [notice, setNotice] = useState<Notice | null>(null);
  const forgetNotice = useCallback(() => setNotice(null), []);
  // Drafts and messages on their way are in the browser's storage, by user: loading the page loses none.
  useEffect(() => watchSessionOwner(session.user.id, () => location.reload()), [session.user.id]);
  return (
    <DeskProvider session={session} openReplica={openReplica} onComplaint={setComplaint} onNotice={setNotice}>
      <div className="page">
        <Screens onLeave={onLeave} onMoved={forgetNotice} />
        {notice === null ? null : <NoticeBar notice={notice} onGone={forgetNotice} />}
        {complaint === null ? null : (
          <div className="complaint" role="alert">
            <span>{complaint}</span>
            <button type="button" className="button small" onClick={() => setComplaint(null)}>
              Close
            </button>
          </div>
        )}
      </div>
    </DeskProvider>
  );
}

/** `onMoved`: somebody goes to another page. */
function Screens({ onLeave, onMoved }: { onLeave: (presence: Presence) => void; onMoved: () => void }) {
  const { presence, replica, userId } = useDesk();
  const isSignedOut = useReplica((state) => state.isSignedOut);
  const leave = useCallback(() => onLeave(presence), [presence, onLeave]);
  const router = useMemo(() => makeRouter(leave), [leave]);
  useEffect(
    () => router.subscribe('onBeforeNavigate', ({ pathChanged }) => pathChanged && onMoved()),
    [router, onMoved],
  );

  function entered(session: Session): void {
    // The script goes on until the page is gone, and must send nothing of one user in the session of another.
    if (session.user.id !== userId) location.reload();
    else {
      replica.signedIn();
      presence.renew();
    }
  }

  return (
    <>
      <RouterProvider router={router} />
      {isSignedOut ? (
        <div className="overlay">
          <SignInPage
            code={null}
            reason="Your session has ended. What you have written is still here."
            onSignedIn={entered}
          />
        </div>
      ) : null}
    </>
  );
}
