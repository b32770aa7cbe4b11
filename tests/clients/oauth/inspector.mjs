// The Inspector's command line does OAuth itself: it listens for the answer and prints the address to
// open. It tries a browser too, which is told to be none. Its store lies in a throw-away folder.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { send } from '../browserless.mjs';
import { check, endpoint } from '../checks.mjs';
import { scene } from './scene.mjs';

const folder = fileURLToPath(new URL('../node_modules', import.meta.url));
const LIMIT_MS = 120_000;

/** A port on which nobody listens. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs the Inspector; `onAddress` hears the address that the person is to open. */
async function inspect(home, args, onAddress = () => assert.fail('it asks the person')) {
  const bin = join(folder, 'node/bin');
  const common = [join(folder, '.bin/mcp-inspector'), '--cli', endpoint, '--transport', 'http'];
  const program = spawn(join(bin, 'node'), [...common, ...args], {
    env: {
      PATH: `${bin}${delimiter}${process.env.PATH}`, HOME: home, MCP_INSPECTOR_SECRET_STORE: 'file', BROWSER: 'true',
      MCP_AUTO_OPEN_ENABLED: 'true', NO_COLOR: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
  let out = '';
  let words = '';
  let opened;
  program.stdout.on('data', (data) => (out += data));
  program.stderr.on('data', (data) => {
    words += data;
    const address = /navigate to: (\S+)\s/.exec(words)?.[1];
    // A refusal of the person's way ends the program, so that its failure is seen and not waited for.
    if (address && !opened) opened = Promise.resolve(address).then(onAddress).catch((error) => (program.kill(), error));
  });
  const code = await new Promise((done) => program.on('close', done));
  const wrong = await opened;
  if (wrong instanceof Error) throw wrong;
  assert.equal(code, 0, `it ended with ${code}: ${words.slice(-500)}`);
  return { out: JSON.parse(out), words, asked: opened !== undefined };
}

export async function inspector() {
  const home = mkdtempSync(join(tmpdir(), 'inspector-'));
  const callback = ['--callback-url', `http://127.0.0.1:${await freePort()}/oauth/callback`];
  const approve = async (address) => {
    const back = await scene.owner.authorize(address, { workspace: scene.picked });
    const answer = await send(back);
    assert.equal(answer.status, 200, `the Inspector answers ${answer.status}: ${answer.text}`);
  };
  for (const era of ['modern', 'legacy']) {
    const common = ['--protocol-era', era, ...callback];
    await check(`inspector ${era}: signs in by OAuth and lists the tools`, async () => {
      // The second time it first ends what it has, at the server too (RFC 7009).
      const renew = era === 'legacy' ? ['--relogin'] : [];
      const { out, words, asked } = await inspect(home, [...common, ...renew, '--method', 'tools/list'], approve);
      assert.ok(asked, 'it did not ask to authorise');
      assert.doesNotMatch(words, /could not revoke/);
      assert.ok(out.tools.some((tool) => tool.name === 'edit_image'));
    });
    await check(`inspector ${era}: calls a tool with what it has kept`, async () => {
      const call = ['--method', 'tools/call', '--tool-name', 'account', '--tool-arg', 'action=credits'];
      const { out } = await inspect(home, [...common, ...call, '--stored-auth-only']);
      assert.ok(out.structuredContent.plan);
    });
  }
  await check('inspector: signs in as a client that the operator has entered', async () => {
    const own = mkdtempSync(join(tmpdir(), 'inspector-'));
    // The entered client has the path /callback, and any port.
    const back = ['--callback-url', `http://127.0.0.1:${await freePort()}/callback`];
    const entered = ['--client-id', 'pre-registered-test', ...back, '--protocol-era', 'modern'];
    const { out } = await inspect(own, [...entered, '--method', 'tools/list'], approve);
    assert.ok(out.tools.length > 0);
    rmSync(own, { recursive: true, force: true });
  });
  rmSync(home, { recursive: true, force: true });
}
