import { type FormEvent, useEffect, useId, useState } from 'react';
import { Mark } from '../desk/icons.tsx';
import { type Credential, type DemoUser, readDemo, type Session, signIn } from '../hub/session.ts';
import './sign-in.css';

/** The code of a sign-in link. It is in the fragment, which browsers send to nobody. */
export function codeOf(fragment: string): string | null {
  return new URLSearchParams(fragment.replace(/^#/, '')).get('code');
}

type Props = {
  /** The code of the sign-in link that has led here; null without one. */
  code: string | null;
  /** Why one must sign in again; null at the first time. */
  reason: string | null;
  onSignedIn: (session: Session) => void;
};

export function SignInPage({ code, reason, onSignedIn }: Props) {
  const [people, setPeople] = useState<readonly DemoUser[]>([]);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => watchDemo(setPeople), []);

  async function enter(credential: Credential): Promise<void> {
    setBusy(true);
    setProblem(null);
    const answer = await signIn(credential);
    setBusy(false);
    if (answer.ok) return onSignedIn(answer.body);
    setProblem(wordsFor(answer.status, answer.detail, 'code' in credential));
  }

  const isOffered = code !== null && problem === null;
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <header>
          <Mark />
          <h1>Sign in to UMI</h1>
        </header>
        {reason === null ? null : <p className="muted">{reason}</p>}
        {problem === null ? null : (
          <p className="problem" role="alert">
            {problem}
          </p>
        )}
        {isOffered ? (
          <>
            <p className="muted">This link signs you in once, on this device.</p>
            <button type="button" className="button primary" disabled={isBusy} onClick={() => enter({ code })}>
              Continue
            </button>
          </>
        ) : (
          <>
            {people.length === 0 ? null : <DemoPeople people={people} isBusy={isBusy} onChoose={enter} />}
            <TokenForm isBusy={isBusy} isMain={people.length === 0} onToken={(token) => enter({ token })} />
          </>
        )}
      </div>
    </main>
  );
}

/** So often (ms), and so many times at most, the people of a demo are read until all of them are made. */
const READ_EVERY = 1_000;
const MOST_READS = 60;

/** Answers how to stop. */
function watchDemo(onPeople: (people: readonly DemoUser[]) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reads = 0;
  let isOver = false;
  async function read(): Promise<void> {
    reads += 1;
    const { users, is_complete } = await readDemo();
    if (isOver) return;
    onPeople(users);
    if (!is_complete && reads < MOST_READS) timer = setTimeout(() => read().catch(reportError), READ_EVERY);
  }
  read().catch(reportError);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

function wordsFor(status: number, detail: string, isLink: boolean): string {
  if (status === 0) return detail;
  if (isLink && status < 429) return 'This link has been used or has expired. Ask for a new one.';
  if (status === 401) return 'This token is not known, or has expired.';
  return detail;
}

type PeopleProps = {
  people: readonly DemoUser[];
  isBusy: boolean;
  onChoose: (credential: Credential) => Promise<void>;
};

function DemoPeople({ people, isBusy, onChoose }: PeopleProps) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} className="sign-in-people">
      <h2 id={heading}>People of the demo</h2>
      <ul>
        {people.map(({ id, name }) => (
          <li key={id}>
            <button type="button" className="button" disabled={isBusy} onClick={() => onChoose({ demo_user_id: id })}>
              {name}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function TokenForm(props: { isBusy: boolean; isMain: boolean; onToken: (token: string) => Promise<void> }) {
  const field = useId();
  const [token, setToken] = useState('');

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (token.trim() !== '') await props.onToken(token.trim());
  }

  return (
    <form onSubmit={submit} className="sign-in-form">
      <label htmlFor={field}>Access token</label>
      <input
        id={field}
        className="field"
        type="password"
        autoComplete="off"
        spellCheck={false}
        value={token}
        onChange={(event) => setToken(event.target.value)}
      />
      <button type="submit" className={props.isMain ? 'button primary' : 'button'} disabled={props.isBusy}>
        Sign in
      </button>
    </form>
  );
}
