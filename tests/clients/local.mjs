// `aquatint stdio` under the official TypeScript client: embedded, as a bridge with a key, as a bridge that signs in in the
// browser, and from a bundle that is unpacked and started as Claude Desktop does it. Beside it, what there is beside the
// tools, over HTTP and over stdio. Needs AQUATINT_PROGRAM, and AQUATINT_BUNDLE as `cargo xtask mcpb` packs it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { CreateTaskResultV2Schema, GetTaskResultV2Schema } from '@modelcontextprotocol/ext-tasks/core/v2';
import { Person } from './browserless.mjs';
import { base, check, email, endpoint, fail, finish, key, password } from './checks.mjs';
import { disc } from './picture.mjs';

const { AQUATINT_PROGRAM: program, AQUATINT_BUNDLE: bundle } = process.env;
if (!program || !bundle) {
  fail('environment', 'set AQUATINT_PROGRAM and AQUATINT_BUNDLE');
  finish();
}
const TASKS = 'io.modelcontextprotocol/tasks';
const home = mkdtempSync(join(tmpdir(), 'aquatint-local-'));
const pictures = join(home, 'pictures');
mkdirSync(pictures);
writeFileSync(join(pictures, 'disc.png'), disc(200, 150));
writeFileSync(join(home, 'outside.png'), disc(200, 150));
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AQUATINT_')));

let number = 0;
/** Starts the program under the official client. */
async function start(args, env = {}, { mode = 'auto', command = program } = {}) {
  const transport = new StdioClientTransport({
    command,
    args,
    env: { ...clean, AQUATINT_DATA: join(home, `data-${(number += 1)}`), ...env },
    stderr: 'pipe',
  });
  let said = '';
  transport.stderr?.on('data', (data) => (said += data));
  const client = new Client({ name: 'aquatint-tests', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(transport, { timeout: 60_000 });
  return { client, said: () => said };
}

const call = (client, name, args) => client.callTool({ name, arguments: args }, { timeout: 60_000 });
async function good(client, name, args) {
  const result = await call(client, name, args);
  assert.ok(!result.isError, `${name}: ${JSON.stringify(result.structuredContent)}`);
  return result.structuredContent;
}

/** What every way in must do. */
async function journey(label, client, folder) {
  await check(`${label}: a path goes in and a file comes out`, async () => {
    const done = await good(client, 'edit_image', {
      action: 'resize', images: join(folder, 'disc.png'), width: 50, sync: true, save_to: true,
    });
    const [saved] = done.saved_files;
    assert.ok(saved.startsWith(folder) && statSync(saved).size > 100, saved);
    assert.deepEqual([...readFileSync(saved).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
  });
  await check(`${label}: outside is refused in words`, async () => {
    const result = await call(client, 'edit_image', { action: 'resize', images: join(home, 'outside.png'), width: 50 });
    assert.equal(result.isError, true);
    assert.equal(result.structuredContent.code, 'forbidden');
    assert.match(result.content[0].text, /--folder/);
  });
  await check(`${label}: progress is told on the way`, async () => {
    const heard = [];
    writeFileSync(join(folder, `large-${number}.png`), disc(900, 900, 40 + number));
    await client.callTool(
      { name: 'edit_image', arguments: { action: 'upscale', images: join(folder, `large-${number}.png`), scale: '4', sync: true } },
      { timeout: 60_000, onprogress: (progress) => heard.push(progress.progress) },
    );
    assert.ok(heard.length > 0, 'nothing was heard');
  });
  await beside(label, client);
}

/** Resources, prompts and completion, wherever the client is connected. */
async function beside(label, client) {
  await check(`${label}: resources are listed, templated and read`, async () => {
    const { resources } = await client.listResources();
    assert.ok(resources.some((resource) => resource.uri === 'guide://chaining'));
    const { resourceTemplates } = await client.listResourceTemplates();
    assert.ok(resourceTemplates.some((template) => template.uriTemplate === 'asset://{id}'));
    const guide = await client.readResource({ uri: 'guide://chaining' });
    assert.match(guide.contents[0].text, /asset id/);
    const asset = resources.find((resource) => resource.uri.startsWith('asset://'));
    if (asset) {
      const { contents } = await client.readResource({ uri: asset.uri });
      assert.equal(`asset://${JSON.parse(contents[0].text).asset_id}`, asset.uri);
      assert.equal(contents[1].mimeType, 'image/webp');
    }
    await assert.rejects(client.readResource({ uri: 'asset://ast_none' }));
  });
  await check(`${label}: prompts are listed and filled in`, async () => {
    const { prompts } = await client.listPrompts();
    assert.ok(prompts.some((prompt) => prompt.name === 'banner_set'));
    const prompt = await client.getPrompt({ name: 'banner_set', arguments: { image: 'ast_x', headline: 'Two for one' } });
    assert.match(prompt.messages[0].content.text, /Two for one/);
    await assert.rejects(client.getPrompt({ name: 'banner_set', arguments: {} }), /image/);
  });
  await check(`${label}: arguments are completed`, async () => {
    const complete = async (ref, name, value) => (await client.complete({ ref, argument: { name, value } })).completion.values;
    const prompt = { type: 'ref/prompt', name: 'product_shot' };
    assert.ok((await complete(prompt, 'background', '#f')).includes('#ffffff'));
    const model = { type: 'ref/resource', uri: 'model://{+id}/schema' };
    assert.ok((await complete(model, 'id', 'scene')).includes('image/aquatint/scene-preview'));
  });
}

for (const mode of ['auto', 'legacy']) {
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), {
    requestInit: { headers: { Authorization: `Bearer ${key}` } },
  });
  const client = new Client({ name: 'aquatint-tests', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  await beside(`http ${mode}`, client);
  await check(`http ${mode}: the server says what it has, and shows its icon`, async () => {
    const capabilities = client.getServerCapabilities();
    assert.ok(capabilities.resources && capabilities.prompts && capabilities.completions, JSON.stringify(capabilities));
    assert.match(client.getServerVersion().icons[0].src, /^data:image\/svg/);
  });
  if (mode === 'auto') {
    await check('http: skills are listed, read and verified by the official client', async () => {
      const skills = new SkillsClient(client);
      const listing = await skills.list();
      assert.ok(listing.skills.length >= 3);
      for (const skill of listing.skills) {
        const file = await skills.read(skill, skill.uri);
        assert.equal(file.verified, true);
        assert.equal(file.frontmatter.name, skill.frontmatter.name);
      }
    });
  }
  await client.close();
}

await check('http: a job is a task by the schemas of the extension', async () => {
  const raw = async (method, params, name) => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS]: {} } },
    };
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        'mcp-name': name,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
    });
    return (await answer.json()).result;
  };
  const images = `data:image/png;base64,${disc(300, 200).toString('base64')}`;
  const args = { action: 'upscale', images, scale: '2' };
  const begun = CreateTaskResultV2Schema.parse(await raw('tools/call', { name: 'edit_image', arguments: args }, 'edit_image'));
  for (let look = 0; look < 300; look += 1) {
    const task = GetTaskResultV2Schema.parse(await raw('tasks/get', { taskId: begun.taskId }, begun.taskId));
    if (task.status === 'completed') {
      assert.equal(task.result.structuredContent.outputs[0].width, 600);
      return;
    }
    assert.equal(task.status, 'working');
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail('it does not end');
});

for (const mode of ['auto', 'legacy']) {
  const { client } = await start(['stdio', '--folder', pictures], {}, { mode });
  await journey(`embedded ${mode}`, client, pictures);
  await client.close();
  const bridge = await start(['stdio', '--server', base, '--folder', pictures], { AQUATINT_KEY: key }, { mode });
  await journey(`bridge ${mode}`, bridge.client, pictures);
  await bridge.client.close();
}

// Signing in: the "browser" writes the address down, and a person without a browser goes there.
const address = join(home, 'address');
const browser = join(home, 'browser.sh');
writeFileSync(browser, `#!/bin/sh\nprintf '%s' "$1" > '${address}.new' && mv '${address}.new' '${address}'\n`);
chmodSync(browser, 0o755);
const data = join(home, 'signed-in');
const person = new Person(base, { email, password });
/** Goes where the browser was sent, and gives how the window ends. */
async function goThrough(choice) {
  for (let look = 0; look < 200 && !existsSync(address); look += 1) await new Promise((done) => setTimeout(done, 100));
  const url = readFileSync(address, 'utf8');
  rmSync(address);
  const back = await person.authorize(url, choice);
  assert.equal(back.hostname, '127.0.0.1');
  return { url: new URL(url), page: await (await fetch(back)).text() };
}
const env = { AQUATINT_DATA: data, BROWSER: browser };
await check('sign-in: the first request opens the browser, with PKCE and for this endpoint', async () => {
  const starting = start(['stdio', '--server', base, '--folder', pictures], env);
  const { url, page } = await goThrough();
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
  assert.equal(url.searchParams.get('resource'), endpoint);
  assert.match(page, /You are signed in/);
  const { client } = await starting;
  await journey('sign-in', client, pictures);
  await client.close();
});
const tokens = () => readdirSync(join(data, 'sign-ins')).filter((name) => name.endsWith('.json'));
await check('sign-in: the tokens are in a file that nobody else can read', () => {
  const [name] = tokens();
  assert.equal(statSync(join(data, 'sign-ins', name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(data, 'sign-ins')).mode & 0o777, 0o700);
});
await check('sign-in: a token that is over is exchanged without the browser', async () => {
  const path = join(data, 'sign-ins', tokens()[0]);
  const before = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...before, expires_at: 1 }));
  const { client } = await start(['stdio', '--server', base], env);
  assert.ok((await client.listTools()).tools.length > 10);
  await client.close();
  const after = JSON.parse(readFileSync(path, 'utf8'));
  assert.notEqual(after.refresh_token, before.refresh_token);
  assert.ok(!existsSync(address), 'the browser was opened');
});
await check('sign-in: a token that the server does not take starts it again', async () => {
  const path = join(data, 'sign-ins', tokens()[0]);
  const before = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...before, access_token: 'aqt_at_broken', refresh_token: 'aqt_rt_broken', expires_at: 4e9 }));
  const starting = start(['stdio', '--server', base], env);
  await goThrough();
  const { client } = await starting;
  assert.ok((await client.listTools()).tools.length > 10);
  await client.close();
});
const aquatint = (...args) => execFileSync(program, args, { env: { ...clean, ...env }, encoding: 'utf8' });
await check('sign-out: forgets, and says so', () => {
  assert.match(aquatint('sign-out', '--server', base), /signed out/);
  assert.equal(tokens().length, 0);
  assert.match(aquatint('logout', '--server', base), /nobody/);
});
await check('sign-in: somebody who says no is told as such', async () => {
  const { execFile } = await import('node:child_process');
  const ended = new Promise((done) =>
    execFile(program, ['sign-in', '--server', base], { env: { ...clean, ...env } }, (error, out, words) => done({ error, words })),
  );
  const { page } = await goThrough({ decision: 'deny' });
  assert.match(page, /not signed in/);
  const { error, words } = await ended;
  assert.ok(error, 'it ends well');
  assert.match(words, /refused/);
});

// The bundle, unpacked and started as Claude Desktop does it.
const here = fileURLToPath(new URL('.', import.meta.url));
const installed = join(home, 'installed');
await check('bundle: the official tool unpacks it and finds it whole', () => {
  const tool = join(here, 'node_modules/@anthropic-ai/mcpb/dist/cli/cli.js');
  execFileSync(process.execPath, [tool, 'unpack', bundle, installed], { stdio: 'pipe' });
  execFileSync(process.execPath, [tool, 'validate', join(installed, 'manifest.json')], { stdio: 'pipe' });
});
/** Puts settings into the manifest's command as hosts do: a list becomes several arguments. */
async function configured(manifest, settings) {
  const { getMcpConfigForManifest } = await import('@anthropic-ai/mcpb');
  const config = await getMcpConfigForManifest({
    manifest,
    extensionPath: installed,
    systemDirs: { HOME: home },
    userConfig: settings,
    pathSeparator: '/',
  });
  assert.ok(config, 'the official tool makes no command of it');
  return config;
}
for (const [label, settings] of [
  ['bundle embedded', { folders: [pictures] }],
  ['bundle as a bridge', { folders: [pictures], server: base, key }],
]) {
  await check(`${label}: starts with the user's settings and works`, async () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'manifest.json'), 'utf8'));
    const config = await configured(manifest, settings);
    const { client } = await start(config.args, config.env, { command: config.command });
    await journey(label, client, pictures);
    await client.close();
  });
}
rmSync(home, { recursive: true, force: true });
finish();
