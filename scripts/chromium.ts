import { existsSync } from 'node:fs';

/** Debian's Chromium without windows, which needs half of the time to draw the same pages, and the whole one. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'] as const;

/** The browser of `npm run test:browser`: Debian's, unless CHROMIUM_PATH names another. */
export const chromiumPath = process.env['CHROMIUM_PATH'] ?? INSTALLED.find((path) => existsSync(path)) ?? INSTALLED[0];
