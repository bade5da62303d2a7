/** What became of a test webhook: its one attempt. `duration` in ms; `status` and `response` are null without an answer. */
type TestAttempt = { duration: number; status: number | null; response: string | null; error: string | null };

/** The result of a test webhook as those see it who have sent it. */
export function webhookTestResource(isDelivered: boolean, { status, duration, response, error }: TestAttempt) {
  return { success: isDelivered, status, duration_ms: duration, response, error };
}
