/** `npm run dev:console`: Vite's server for the console, which shows a change of its source at once. */
import { createServer } from 'vite';
import { readCommandLine } from './command-line.ts';
import { consoleOptions } from './vite-options.ts';

const { port = 5173, hub = 'http://127.0.0.1:8787' } = readCommandLine({
  run: 'npm run dev:console',
  does: 'Serves the console from its sources, with the API of a hub that runs. Open /console/ of the address it prints.',
  options: {
    port: { takes: 'PORT', from: 1, upTo: 65_535, says: 'port of 127.0.0.1, 5173 by default' },
    hub: { takes: 'URL', says: 'the hub, http://127.0.0.1:8787 by default' },
  },
});

const server = await createServer({
  ...consoleOptions,
  logLevel: 'info',
  server: {
    host: '127.0.0.1',
    port,
    strictPort: true,
    // The hub compares the page's origin with its own, so it must see its own host and an Origin of the same.
    proxy: { '/api': { target: hub, ws: true, changeOrigin: true, headers: { origin: new URL(hub).origin } } },
  },
});
await server.listen();
server.printUrls();
