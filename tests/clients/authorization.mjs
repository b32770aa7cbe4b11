// The conformance suite's scenarios for authorization servers. It prints the address to open and
// listens on a port for the answer; a person without a browser does the rest. Nothing may be skipped
// and nothing may be a warning.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { send } from './browserless.mjs';
import { check, finish } from './checks.mjs';
import { newApp } from './oauth/app.mjs';
import { freePort } from './oauth/inspector.mjs';
import { scene, setScene } from './oauth/scene.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const SCENARIOS = ['authorization-server-metadata-endpoint', 'authorization-code-grant'];
const LIMIT_MS = 120_000;

/** Runs every scenario for an app; gives the exit code, what was said, and the checks by scenario. */
async function run(client_id) {
  const results = mkdtempSync(join(tmpdir(), 'authorization-'));
  const suite = spawn(
    join(here, 'node_modules/node/bin/node'),
    [
      join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js'), 'authorization',
      '--url', scene.server.issuer, '--client-id', client_id, '--resource', scene.mcp,
      '--port', String(await freePort()), '--output-dir', results,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS },
  );
  let said = '';
  let opened;
  const hear = (data) => {
    said += data;
    const address = /^(http\S+\/authorize\?\S+)$/m.exec(said)?.[1];
    // The address is printed a moment before anybody listens for the answer.
    if (!address || !said.includes('Callback server started') || opened) return;
    opened = open(address).catch((error) => (suite.kill(), error));
  };
  suite.stdout.on('data', hear);
  suite.stderr.on('data', hear);
  const code = await new Promise((done) => suite.on('close', done));
  const wrong = await opened;
  const checks = Object.fromEntries(
    SCENARIOS.map((scenario) => {
      const folder = readdirSync(results).find((name) => name.includes(scenario));
      const file = folder && join(results, folder, 'checks.json');
      return [scenario, file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []];
    }),
  );
  rmSync(results, { recursive: true, force: true });
  if (process.env.VERBOSE || code !== 0) console.log(said.replaceAll(/^/gm, '# '));
  if (wrong instanceof Error) throw wrong;
  return { code, checks };
}

async function open(address) {
  const back = await scene.owner.authorize(address, { workspace: scene.picked });
  await send(back);
}

await check('authorization: the owner signs in', setScene);
if (!scene.server) finish();
const apps = {
  'entered by the operator': async () => 'pre-registered-test',
  'that registered by itself': async () => (await newApp({ client_name: 'Conformance' })).client_id,
};
for (const [what, make] of Object.entries(apps)) {
  await check(`authorization: the conformance suite with an app ${what}`, async () => {
    const { code, checks } = await run(await make());
    for (const scenario of SCENARIOS) {
      assert.ok(checks[scenario].length > 0, `${scenario} did not run`);
      for (const { id, status, errorMessage } of checks[scenario]) {
        assert.equal(status, 'SUCCESS', `${id}: ${errorMessage}`);
      }
    }
    assert.equal(code, 0);
  });
}
finish();
