/** npm run test:page -- [--base-url URL]: without a URL, against the stand-in of mock_server.mjs. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { option } from './browser.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

async function startMock() {
  const server = spawn(process.execPath, [here('mock_server.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const chunk of server.stdout) {
    const url = /http:\/\/\S+/.exec(String(chunk))?.[0];
    if (url) return { url, stop: () => server.kill() };
  }
  throw new Error('the mock server did not start');
}

const given = option('base-url');
const server = given ? { url: given.replace(/\/$/, ''), stop() {} } : await startMock();
const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=1', here('page_tests.mjs'), here('decisions_tests.mjs'), here('models_tests.mjs')], {
  stdio: 'inherit', env: { ...process.env, YURAI_BASE_URL: server.url },
});
tests.on('exit', (code) => {
  server.stop();
  process.exit(code ?? 1);
});
