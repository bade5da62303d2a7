import { useState } from 'react';
import type { webhookTestResource } from '../../resources/webhook-test.ts';
import { type Answer, call } from '../hub/call.ts';

type TestResult = ReturnType<typeof webhookTestResource>;

type Props = {
  /** The path that sends the test. */
  path: string;
  label?: string;
};

/** Sends a signed test to a receiver of webhooks, and shows what it has answered. */
export function SendTest({ path, label = 'Send a test' }: Props) {
  const [answer, setAnswer] = useState<Answer<TestResult> | null>(null);
  const [isBusy, setBusy] = useState(false);

  async function send(): Promise<void> {
    setBusy(true);
    setAnswer(await call<TestResult>(path, { method: 'POST' }));
    setBusy(false);
  }

  return (
    <div className="send-test">
      <button type="button" className="button small" disabled={isBusy} onClick={() => send().catch(console.error)}>
        {label}
      </button>
      <div role="status">{isBusy ? <p className="muted">Waiting for the answer…</p> : <Outcome answer={answer} />}</div>
    </div>
  );
}

function Outcome({ answer }: { answer: Answer<TestResult> | null }) {
  if (answer === null) return null;
  if (!answer.ok) return <p className="problem">{answer.detail}</p>;
  const { success, response } = answer.body;
  return (
    <>
      <p className={success ? 'state is-good' : 'state is-bad'}>{testWords(answer.body)}</p>
      {response === null || response === '' ? null : <pre className="code">{response}</pre>}
    </>
  );
}

function testWords({ success, status, duration_ms, error }: TestResult): string {
  if (status === null) return `No answer after ${duration_ms} ms: ${error ?? 'the connection failed'}`;
  const answered = `${status} after ${duration_ms} ms`;
  return success ? `Accepted: ${answered}` : `Refused: ${answered}`;
}
