// The official conformance suite, for the newest revision, the last one with a handshake, and jobs as tasks. The
// server must run with `--conformance-fixtures`. The suite cannot send a key, so a proxy adds it:
// the server asks for one here as everywhere.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base, endpoint, fail, finish, key } from './checks.mjs';
import { keyProxy } from './proxy.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const revisions = process.argv.length > 2 ? process.argv.slice(2) : ['2026-07-28', '2025-11-25'];

const list = await fetch(endpoint, {
  method: 'POST',
  headers: { authorization: `Bearer ${key}` },
  body: '{"method":"tools/list"}',
});
if (!(await list.text()).includes('test_simple_text')) {
  fail('conformance', 'start the server with --conformance-fixtures');
  finish();
}

/** Of extensions, which no revision requires. The one on notifications skips itself until the suite listens for them; see beside.rs. */
const EXTENSIONS = [
  'tasks-lifecycle', 'tasks-capability-negotiation', 'tasks-wire-fields', 'tasks-request-state-removal', 'tasks-mrtr-input',
  'tasks-request-headers', 'tasks-dispatch-and-envelope', 'tasks-required-task-error', 'tasks-mrtr-composition',
];
const runs = [
  ...revisions.map((revision) => [revision, ['--requirements', revision, ...(revision === '2025-11-25' ? ['--expected-failures', join(here, 'expected-failures.yml')] : [])]]),
  ...(process.argv.length > 2 ? [] : EXTENSIONS.map((scenario) => [scenario, ['--scenario', scenario]])),
];
const proxy = await keyProxy(base, key);
for (const [what, args] of runs) {
  const results = mkdtempSync(join(tmpdir(), 'conformance-'));
  const suite = spawn(
    join(here, 'node_modules/node/bin/node'),
    [
      join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'),
      'server',
      '--url', `${proxy.url}/mcp`,
      '--output-dir', results,
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  suite.stdout.on('data', (data) => (said += data));
  suite.stderr.on('data', (data) => (said += data));
  const code = await new Promise((done) => suite.on('close', done));
  rmSync(results, { recursive: true, force: true });
  if (process.env.VERBOSE || code !== 0) {
    console.log(said.split('\n').map((line) => `# ${line}`).join('\n'));
  }
  if (code === 0) {
    console.log(`ok conformance ${what}`);
  } else {
    fail(`conformance ${what}`, `the suite ended with ${code}; its words are above`);
  }
}
proxy.stop();
finish();
