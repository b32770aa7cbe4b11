// The limit on registering (attack A9): strangers cannot fill the list of apps. It uses the limit up,
// so whatever else registers at this server has to run before.
import assert from 'node:assert/strict';
import { check, finish } from './checks.mjs';
import { register } from './oauth/app.mjs';
import { scene, setScene } from './oauth/scene.mjs';

const MOST = 200;

await check('registering: the owner signs in', setScene);
if (!scene.server) finish();
await check('registering: one address registers so many apps and no more', async () => {
  const redirect_uris = ['http://127.0.0.1/callback'];
  const metadata = { client_name: 'One of many', redirect_uris, token_endpoint_auth_method: 'none' };
  for (let count = 0; count < MOST; count += 1) {
    const answer = await register(metadata);
    if (answer.status === 201) continue;
    assert.equal(answer.status, 429, answer.text);
    assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
    assert.equal(typeof answer.json().error, 'string');
    assert.ok(Number(answer.headers['retry-after']) > 0, 'it does not say when to come again');
    return;
  }
  assert.fail(`${MOST} apps were registered`);
});
await check('registering: signing in and apps that are known go on', async () => {
  assert.ok((await scene.owner.api('GET', '/me')).user);
});
finish();
