/** Debian's Chromium, headless, with a fresh profile. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

export async function openBrowser({ viewport = sizes.desktop, colorScheme = 'light', locale = 'en-US' } = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'yurai-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
    viewport, colorScheme, locale, reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** The value of `--name VALUE` on the command line. */
export function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

/** The address of the Trace page with a text, as the page itself would write it. */
export async function traceAddress(base, text, parameters = {}) {
  const deflated = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  const packed = 'z' + Buffer.from(await new Response(deflated).arrayBuffer()).toString('base64url');
  return `${base}/#/trace?${new URLSearchParams({ t: packed, ...parameters })}`;
}
