// The surfaces of other services by the official TypeScript clients: each is listed and called once. Both check what they get
// against the output schemas.
import assert from 'node:assert/strict';
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { base, check, finish, key } from './checks.mjs';
import { dataUri, disc } from './picture.mjs';

const info = { name: 'aquatint-tests', version: '1.0.0' };
const options = { requestInit: { headers: { Authorization: `Bearer ${key}` } } };
const clients = {
  'typescript client 2': async (path) => {
    const client = new Client2(info);
    await client.connect(new Transport2(new URL(`${base}${path}`), options));
    return { client, call: (call, more) => client.callTool(call, more) };
  },
  'typescript sdk 1': async (path) => {
    const client = new Client1(info);
    await client.connect(new Transport1(new URL(`${base}${path}`), options));
    return { client, call: (call, more) => client.callTool(call, undefined, more) };
  },
};

const small = { width: 512, height: 512 };
const model = 'image/aquatint/scene-preview';
const picture = () => dataUri(disc(48, 48, Math.floor(Math.random() * 1e6)));
const surfaces = {
  '/mcp/pixelcut': [12, 'edit_image', () => ({ action: 'upscale', images: picture(), scale: '2', sync: true }), 'outputs'],
  '/mcp/pixa': [12, 'account', () => ({ action: 'credits' }), 'plan'],
  '/mcp/krea': [8, 'generate', () => ({ model, prompt: 'a cup', ...small, sync: true }), 'result'],
  '/mcp/pixola': [8, 'generate_image', () => ({ prompt: 'a cup', style: 'watercolor' }), 'images'],
  '/mcp/aiphotogenerator': [2, 'generate_image', () => ({ prompt: 'a cup', ...small }), 'image_url'],
  '/api/mcp': [2, 'generate_image', () => ({ prompt: 'a vase', ...small }), 'image_url'],
};

for (const [name, connect] of Object.entries(clients)) {
  for (const [path, [count, tool, args, member]] of Object.entries(surfaces)) {
    await check(`${name}: ${path} is listed, and ${tool} works`, async () => {
      const { client, call } = await connect(path);
      const { tools } = await client.listTools();
      assert.equal(tools.length, count);
      const heard = [];
      const result = await call(
        { name: tool, arguments: args() },
        { timeout: 60_000, resetTimeoutOnProgress: true, onprogress: (progress) => heard.push(progress.progress) },
      );
      assert.ok(!result.isError, JSON.stringify(result.structuredContent));
      assert.ok(result.structuredContent[member], JSON.stringify(result.structuredContent));
      assert.ok(result.content[0].text.length > 0);
      await client.close();
    });
    await check(`${name}: ${path} fails in a way that a model can read`, async () => {
      const { client, call } = await connect(path);
      const result = await call({ name: tool, arguments: { nonsense: true } }, { timeout: 60_000 });
      assert.ok(result.isError && result.structuredContent.message, JSON.stringify(result));
      await client.close();
    });
  }
}
finish();
