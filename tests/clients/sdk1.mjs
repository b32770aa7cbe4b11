// The TypeScript SDK 1.x, which most clients of today are built on.
import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { check, endpoint, finish, key } from './checks.mjs';
import { journeys } from './journeys.mjs';

const label = 'typescript sdk 1';
const transport = (token) =>
  new StreamableHTTPClientTransport(new URL(endpoint), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
const client = new Client({ name: 'aquatint-tests', version: '1.0.0' });
await check(`${label}: connects`, async () => {
  await client.connect(transport(key));
  assert.equal(client.getServerVersion()?.name, 'aquatint');
  assert.ok(client.getInstructions()?.includes('asset id'));
});
await journeys(label, {
  tools: async () => (await client.listTools()).tools,
  call: (name, args) => client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 }),
  isProtocolError: (error, code) => error?.code === code,
});
await client.close();
await check(`${label}: a wrong key does not connect`, async () => {
  const stranger = new Client({ name: 'aquatint-tests', version: '1.0.0' });
  await assert.rejects(stranger.connect(transport('wrong')));
});
finish();
