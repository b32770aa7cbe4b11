// The official TypeScript client 2.x: by itself, pinned to the newest revision, and with a handshake.
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { check, endpoint, finish, key } from './checks.mjs';
import { journeys } from './journeys.mjs';
import { dataUri, disc } from './picture.mjs';

function transport(token) {
  return new StreamableHTTPClientTransport(new URL(endpoint), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
}

const modes = [
  ['auto', 'auto', '2026-07-28'],
  ['pinned', { pin: '2026-07-28' }, '2026-07-28'],
  ['legacy', 'legacy', '2025-11-25'],
];
for (const [name, mode, version] of modes) {
  const label = `typescript client 2 ${name}`;
  const client = new Client({ name: 'aquatint-tests', version: '1.0.0' }, { versionNegotiation: { mode } });
  await check(`${label}: connects`, async () => {
    await client.connect(transport(key));
    assert.equal(client.getNegotiatedProtocolVersion(), version);
    assert.equal(client.getServerVersion()?.name, 'aquatint');
  });
  await journeys(label, {
    tools: async () => (await client.listTools()).tools,
    call: (name, args) => client.callTool({ name, arguments: args }, { timeout: 60_000 }),
    isProtocolError: (error, code) => error?.code === code || /not found|unknown tool/i.test(String(error?.message)),
  });
  await check(`${label}: progress is told on the way`, async () => {
    const heard = [];
    const images = dataUri(disc(900, 900, modes.findIndex((entry) => entry[0] === name)));
    await client.callTool(
      { name: 'edit_image', arguments: { action: 'upscale', images, scale: '4' } },
      { timeout: 60_000, onprogress: (progress) => heard.push(progress.progress) },
    );
    assert.ok(heard.length > 0, 'nothing was heard');
    assert.deepEqual(heard, [...heard].sort((a, b) => a - b), 'it does not rise');
  });
  await client.close();
  await check(`${label}: a wrong key does not connect`, async () => {
    const stranger = new Client({ name: 'aquatint-tests', version: '1.0.0' }, { versionNegotiation: { mode } });
    await assert.rejects(stranger.connect(transport('wrong')));
  });
}
finish();
