// Preloaded by every npm script, so it must run on any version of Node. An older version cannot read the scripts'
// TypeScript, and its error without the packages does not say what to do.
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

const isInstalled = existsSync(new URL('../node_modules/.package-lock.json', import.meta.url));
if (!isInstalled || !process.features.typescript) {
  process.stderr.write(
    isInstalled
      ? `This needs Node 24 or later and runs on ${process.version}. npm ci installs Node for Linux, macOS and Windows on x64 and arm64; run it again, or install Node yourself.\n`
      : 'The packages are not installed yet: run npm ci first.\n',
  );
  process.exit(1);
}

// Compiling the packages takes longer than everything else that a script does at its start.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url)));
