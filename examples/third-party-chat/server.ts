/** Runs the application: `node server.ts`, configured by the environment (README.md). */
import { createApplication } from './application.ts';
import { ConfigurationRefused, readConfiguration } from './configuration.ts';
import { openStore } from './store.ts';

try {
  const configuration = readConfiguration(process.env);
  // The database contains visitors' credentials, so only the owner can read its files.
  process.umask(0o077);
  const database = openStore(configuration.storePath);
  const server = createApplication({ configuration, database, log: (line) => console.log(line) });
  server.once('error', (error) => {
    console.error(String(error));
    process.exit(1);
  });
  server.listen(configuration.port, '127.0.0.1', () => {
    console.log(`The chat is on http://127.0.0.1:${configuration.port}/chat`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      server.close(() => database.close());
      server.closeAllConnections();
    });
  }
} catch (error) {
  console.error(error instanceof ConfigurationRefused ? error.message : error);
  process.exitCode = 1;
}
