// Nothing but curl and a token: no handshake, no Accept, no Content-Type, no id.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { check, endpoint, finish, key } from './checks.mjs';
import { dataUri, disc } from './picture.mjs';

function curl(...args) {
  const done = spawnSync('curl', ['-sS', '-w', '\n%{http_code}', ...args, endpoint], { encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  const cut = done.stdout.lastIndexOf('\n');
  return { status: Number(done.stdout.slice(cut + 1)), body: JSON.parse(done.stdout.slice(0, cut)) };
}
const token = ['-H', `Authorization: Bearer ${key}`];
const call = (name, args) =>
  curl(...token, '-d', JSON.stringify({ method: 'tools/call', params: { name, arguments: args } })).body.result;

await check('curl: lists the tools', () => {
  const { status, body } = curl(...token, '-d', '{"method":"tools/list"}');
  assert.equal(status, 200);
  assert.ok(body.result.tools.some((tool) => tool.name === 'edit_image'));
});
await check('curl: reads the balance', () => {
  assert.ok(call('account', { action: 'credits' }).structuredContent.plan);
});
await check('curl: removes a background', () => {
  const picture = dataUri(disc(64, 64, 99));
  const result = call('edit_image', { action: 'remove_background', images: picture, sync: true });
  assert.equal(result.structuredContent.status, 'succeeded', JSON.stringify(result));
});
await check('curl: no token is 401 with a challenge and JSON', () => {
  const { status, body } = curl('-d', '{"method":"tools/list"}');
  assert.deepEqual([status, body.code], [401, 'unauthorized']);
});
await check('curl: bad JSON and batches are JSON-RPC errors', () => {
  assert.equal(curl(...token, '-d', '{"method":').body.error.code, -32700);
  assert.equal(curl(...token, '-d', '[{"method":"tools/list"}]').body.error.code, -32600);
});
finish();
