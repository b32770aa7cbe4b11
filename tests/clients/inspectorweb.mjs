// The Inspector's web app as a second host of pages: it opens a tool with its page, and the page works as it does in the first host
// (widgets.mjs). The Inspector's own way for robots: a link with a token.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { base, check, fail, finish, key } from './checks.mjs';
import { keyProxy } from './proxy.mjs';

const { AQUATINT_CHROMIUM: program, AQUATINT_PICTURES: pictures } = process.env;
if (!program || !pictures) {
  fail('environment', 'set AQUATINT_CHROMIUM and AQUATINT_PICTURES (a folder)');
  finish();
}
mkdirSync(pictures, { recursive: true });
const WAIT_MS = 60_000;
const MODEL = 'image/aquatint/scene-preview';

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); });
});
const [port, sandbox] = [await freePort(), await freePort()];
const token = randomBytes(24).toString('hex');
const home = mkdtempSync(join(tmpdir(), 'aquatint-inspector-'));
const here = fileURLToPath(new URL('.', import.meta.url));
const bin = join(here, 'node_modules/node/bin');
const inspector = spawn(join(bin, 'node'), [join(here, 'node_modules/.bin/mcp-inspector'), '--web'], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {
    ...process.env, HOME: home, PATH: `${bin}${delimiter}${process.env.PATH}`, HOST: '127.0.0.1', CLIENT_PORT: String(port),
    MCP_SANDBOX_PORT: String(sandbox), MCP_AUTO_OPEN_ENABLED: 'false', MCP_INSPECTOR_API_TOKEN: token, MCP_STORAGE_DIR: join(home, 'storage'),
  },
});
let said = '';
for (const stream of [inspector.stdout, inspector.stderr]) stream.on('data', (part) => { said += part; });
const app = `http://127.0.0.1:${port}`;
for (let tries = 0; tries < 200; tries += 1) {
  if (await fetch(app).then((answer) => answer.ok, () => false)) break;
  await new Promise((done) => { setTimeout(done, 100); });
}

// A link cannot hold a key, so a proxy adds it.
const proxy = await keyProxy(base, key);
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] });
const context = await browser.newContext({ viewport: { width: 1400, height: 1000 } });
context.setDefaultTimeout(WAIT_MS);

/** Opens a tool's page with a call; gives the frame that the page is in. */
async function opened(page, path, tool, args) {
  const link = new URL(app);
  for (const [name, value] of Object.entries({
    serverUrl: `${proxy.url}${path}`, transport: 'http', autoConnect: token, openApp: tool, appArgs: Buffer.from(JSON.stringify(args)).toString('base64url'),
    autoOpen: token,
  })) link.searchParams.set(name, value);
  await page.goto(link.href);
  await page.waitForSelector('[data-testid="connection-status"][data-status="connected"]');
  await page.waitForSelector('iframe');
  for (let tries = 0; tries < 600; tries += 1) {
    const frame = page.frames().find((one) => one.parentFrame()?.parentFrame());
    if (frame && await frame.locator('main').count().catch(() => 0)) return frame;
    await page.waitForTimeout(100);
  }
  throw new Error(`no page appears; the Inspector says: ${said.slice(-400)}`);
}
const shot = (page, name) => page.screenshot({ path: `${pictures}/inspector-${name}.png` });

for (const [name, path, tool, args, count] of [
  ['native', '/mcp', 'generate_media', { model: MODEL, prompt: 'a quiet harbour', width: 512, height: 288, count: 2 }, 2],
  ['krea', '/mcp/krea', 'generate', { model: MODEL, inputs: { prompt: 'a red chair', width: 512, height: 512 } }, 1],
  ['pixola', '/mcp/pixola', 'generate_image', { prompt: 'a neon city', count: 2 }, 2],
]) {
  await check(`inspector web: ${name}: a page is shown, polls by itself and shows what was made`, async () => {
    const page = await context.newPage();
    const wrong = [];
    page.on('pageerror', (error) => wrong.push(String(error)));
    try {
      const frame = await opened(page, path, tool, args);
      await frame.waitForFunction(
        (wanted) => { const all = [...document.images]; return all.length >= wanted && all.every((one) => one.complete && one.naturalWidth > 0); },
        count, { timeout: 120_000 },
      );
      assert.match((await frame.locator('main').innerText()).replace(/\s+/g, ' '), /Ready/);
      assert.deepEqual(wrong, []);
    } finally {
      await shot(page, name);
      await page.close();
    }
  });
}

await browser.close();
proxy.stop();
inspector.kill();
await new Promise((done) => { inspector.on('close', done); setTimeout(done, 5_000); });
rmSync(home, { recursive: true, force: true });
finish();
