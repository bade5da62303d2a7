import type { CallHub, Clock, OpenSocket } from '../../../src/console-app/replica/ports.ts';

type Person = { id: string; token: string };

/** The ports of the console's replica in Node: a hub at `url`, a person's token instead of the cookie. */
export function consolePorts(url: string, person: Person): { call: CallHub; openSocket: OpenSocket } {
  const call: CallHub = async ({ method, path, body, idempotencyKey }) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${person.token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const retryAfter = response.headers.get('Retry-After');
    return {
      status: response.status,
      body: text === '' ? null : JSON.parse(text),
      retryAfter: retryAfter === null ? null : Number(retryAfter),
    };
  };
  const openSocket: OpenSocket = (events) => {
    let socket: WebSocket | null = null;
    let isClosed = false;
    const path = `/api/v5/users/${person.id}/live`;
    call({ method: 'POST', path: `${path}/tickets` }).then(
      ({ body }) => {
        if (isClosed) return;
        const { ticket } = body as { ticket: string };
        socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, ['umi.v1', `ticket.${ticket}`]);
        socket.addEventListener('message', ({ data }) => events.onText(String(data)));
        socket.addEventListener('close', ({ code, reason }) => events.onClose(code, reason));
      },
      () => events.onClose(1006, ''),
    );
    return {
      send: (text) => socket?.send(text),
      close: () => {
        isClosed = true;
        socket?.close();
      },
    };
  };
  return { call, openSocket };
}

/** The real time, in which waiting is this many times shorter. */
export function hurriedClock(times: number): Clock {
  return {
    now: () => Date.now(),
    after: (milliseconds, then) => {
      const timer = setTimeout(then, milliseconds / times);
      return () => clearTimeout(timer);
    },
  };
}
