import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Systems use ports from 32768 on for outgoing connections. Such a port could be taken between two starts of a server
 * that keeps its port.
 */
const FIRST_PORT = 20_000;
const END_OF_PORTS = 32_000;

/** Two processes that look at once would find the same port free, so each looks among some of its own, in turn. */
const PORTS_OF_A_PROCESS = 200;
const SHARES = (END_OF_PORTS - FIRST_PORT) / PORTS_OF_A_PROCESS;
const first = FIRST_PORT + (process.pid % SHARES) * PORTS_OF_A_PROCESS;
let last = randomInt(PORTS_OF_A_PROCESS);

/** A TCP port of the loopback interface that is free now and is not used for outgoing connections. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_OF_A_PROCESS; tried++) {
    last = (last + 1) % PORTS_OF_A_PROCESS;
    // Before the next line waits, so that a second call at the same time gets another one.
    const port = first + last;
    if (await isPortFree(port)) return port;
  }
  throw new Error('no free port on 127.0.0.1');
}

/** Whether a server can listen on this port of the loopback interface now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
