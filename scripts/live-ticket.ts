import { requestJson } from './json-request.ts';

/** A ticket for one live socket at `url`, for clients that cannot set headers on a handshake. Throws when it is refused. */
export async function newTicket(url: string, token: string): Promise<string> {
  const { status, body } = await requestJson({ method: 'POST', url: `${url}/tickets`, token });
  if (status !== 201) throw new Error(`${url}/tickets answered ${status}: ${JSON.stringify(body)}`);
  return (body as { ticket: string }).ticket;
}
