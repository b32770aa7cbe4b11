// What a token opens: its own resource with its own scopes, from the Authorization header, and
// nothing of what only a person may do (RFC 6750, RFC 8707, RFC 9728, attacks A9 and A10).
import assert from 'node:assert/strict';
import { send } from '../browserless.mjs';
import { base, check } from '../checks.mjs';
import { dataUri, disc } from '../picture.mjs';
import {
  assertAlive, assertDead, assertRefused, balance, challenge, mcp, refreshing, token, tokens, toolCall,
} from './app.mjs';
import { anotherPerson, get, scene } from './scene.mjs';

export async function resource() {
  await check('oauth resource: 401 tells where to begin', async () => {
    const answer = await mcp('/mcp');
    assert.equal(answer.status, 401);
    const told = challenge(answer);
    const described = new URL('/.well-known/oauth-protected-resource/mcp', scene.server.issuer);
    assert.equal(told.resource_metadata, described.href);
    assert.equal(told.error, undefined, 'without a token there is no error to tell (RFC 6750 section 3.1)');
    assert.ok(told.scope?.includes('account:read'), `the scope is ${told.scope}`);
    assert.ok(!told.scope.includes('offline_access'));
    const found = await send(told.resource_metadata);
    assert.equal(found.json().resource, scene.mcp);
    const wrong = challenge(await mcp('/mcp', 'aqt_acc_wrong'));
    assert.deepEqual([wrong.error, wrong.resource_metadata], ['invalid_token', told.resource_metadata]);
    for (const path of Object.keys(scene.surfaces)) {
      const { resource_metadata } = challenge(await mcp(path));
      assert.ok(resource_metadata.endsWith(`/oauth-protected-resource${path}`), resource_metadata);
    }
  });

  await check('oauth resource: a token opens the resource that it was given for and no other', async () => {
    const forMcp = await tokens();
    await assertAlive(forMcp);
    assert.equal((await balance(forMcp.access_token)).status, 401, '/api/v1 takes a token for /mcp');
    for (const [path, resource] of Object.entries(scene.surfaces)) {
      await assertDead(forMcp, path);
      const held = await tokens({ resource });
      await assertAlive(held, path);
      await assertDead(held);
      assert.equal((await balance(held.access_token)).status, 401, `/api/v1 takes a token for ${path}`);
    }
    const forApi = await tokens({ resource: scene.api });
    assert.equal((await balance(forApi.access_token)).status, 200);
    await assertDead(forApi);
  });

  await check('oauth resource: a token for the root opens everything, with a slash at its end or without', async () => {
    const bare = scene.root.replace(/\/$/, '');
    for (const root of [bare, `${bare}/`]) {
      const held = await tokens({ resource: root });
      await assertAlive(held);
      for (const path of Object.keys(scene.surfaces)) await assertAlive(held, path);
      assert.equal((await balance(held.access_token)).status, 200);
    }
  });

  await check('oauth resource: an app that names no resource, as older ones do, reaches /mcp', async () => {
    await assertAlive(await tokens({ resource: null }));
  });

  await check('oauth resource: a token in the address is refused', async () => {
    const held = await tokens({ resource: scene.root });
    const query = `?access_token=${held.access_token}`;
    const door = await mcp(`/mcp${query}`);
    assert.ok([400, 401].includes(door.status), `/mcp answers ${door.status}`);
    const api = await get(`/api/v1/account/credits${query}`);
    assert.ok([400, 401].includes(api.status), `/api/v1 answers ${api.status}`);
    const { owner } = scene;
    const person = await owner.request(`/api/v1/me${query}`, { headers: { cookie: '' } });
    assert.ok([400, 401].includes(person.status), `/api/v1/me answers ${person.status}`);
  });

  await check('oauth resource: the cookie of a session opens no MCP endpoint', async () => {
    for (const path of ['/mcp', ...Object.keys(scene.surfaces)]) {
      const cookie = scene.owner.cookie(new URL(path, base));
      assert.ok(cookie, 'there is no session cookie');
      const answer = await mcp(path, undefined, undefined, { cookie, origin: base });
      assert.equal(answer.status, 401, `${path} answers ${answer.status}`);
    }
  });

  await check('oauth resource: a missing scope is 403 and names all that are needed', async () => {
    const held = await tokens({ scope: 'models:read' });
    const answer = await mcp('/mcp', held.access_token, toolCall('account', { action: 'credits' }));
    assert.equal(answer.status, 403, answer.text.slice(0, 200));
    const told = challenge(answer);
    assert.equal(told.error, 'insufficient_scope');
    assert.ok(told.scope.split(' ').includes('account:read'), `the scope is ${told.scope}`);
    assert.match(told.resource_metadata ?? '', /\/oauth-protected-resource\/mcp$/);
    const remove = toolCall('edit_image', { action: 'remove_background', images: 'ast_00000000000000000000000000' });
    const edit = challenge(await mcp('/mcp', held.access_token, remove));
    assert.ok(edit.scope.split(' ').includes('generate'), `the scope is ${edit.scope}`);
    const enough = await mcp('/mcp', (await tokens({ scope: edit.scope })).access_token, remove);
    const left = enough.headers['www-authenticate'];
    assert.notEqual(enough.status, 403, `${edit.scope} is not all that is needed: ${left}`);
    const models = await mcp('/mcp', held.access_token, toolCall('models', { action: 'list' }));
    assert.equal(models.status, 200, models.text.slice(0, 200));
    // The same at the API.
    const api = await tokens({ scope: 'models:read', resource: scene.api });
    const refused = await balance(api.access_token);
    assert.equal(refused.status, 403);
    assert.deepEqual(
      [challenge(refused).error, challenge(refused).scope?.split(' ').includes('account:read')],
      ['insufficient_scope', true],
    );
  });

  await check('oauth resource: an app does no more than its person may', async () => {
    const { person } = await anotherPerson('viewer');
    const held = await tokens({}, { person, workspace: scene.picked });
    await assertAlive(held);
    const picture = { method: 'url', url: dataUri(disc(40, 40, 1)) };
    const answer = await mcp('/mcp', held.access_token, toolCall('upload', picture));
    const isRefused = answer.status === 403 || (answer.status === 200 && answer.json().result.isError);
    assert.ok(isRefused, `a viewer's app may upload: ${answer.status} ${answer.text.slice(0, 300)}`);
  });

  await check('oauth resource: who is put out of a workspace takes the app along', async () => {
    const { person, inviter } = await anotherPerson('member');
    const held = await tokens({}, { person, workspace: scene.picked });
    await assertAlive(held);
    const { user } = await person.api('GET', '/me');
    await inviter.api('DELETE', `/members/${user.user_id}`);
    const answer = await mcp('/mcp', held.access_token, toolCall('account', { action: 'credits' }));
    assert.ok([401, 403].includes(answer.status), `the app is still in: ${answer.status} ${answer.text.slice(0, 200)}`);
    assertRefused(await token(refreshing(held)), 'invalid_grant');
  });

  await check('oauth resource: who is locked out by the operator takes the app along', async () => {
    const { person } = await anotherPerson('member');
    const held = await tokens({}, { person, workspace: scene.picked });
    const { user } = await person.api('GET', '/me');
    await scene.owner.api('POST', `/admin/users/${user.user_id}`, { disabled: true });
    await assertDead(held);
    assertRefused(await token(refreshing(held)), 'invalid_grant');
  });

  await check('oauth resource: no app does what only a person may do', async () => {
    const { access_token } = await tokens({ resource: scene.root });
    const user_id = (await scene.owner.api('GET', '/me')).user.user_id;
    const acts = [
      ['POST', '/keys', { name: 'stolen' }],
      ['GET', '/keys'],
      ['POST', '/me/password', { new_password: 'a new password of the app' }],
      ['POST', '/me/totp', {}],
      ['POST', '/me', { name: 'Mallory' }],
      ['GET', '/me/sessions'],
      ['DELETE', '/me/sessions'],
      ['POST', '/invites', { role: 'owner' }],
      ['POST', `/members/${user_id}`, { role: 'viewer' }],
      ['POST', '/workspaces', { name: 'Stolen' }],
      ['POST', '/workspace/transfer', { user_id }],
      ['GET', '/apps'],
      ['GET', '/admin/users'],
    ];
    for (const [method, path, body] of acts) {
      const answer = await send(new URL(`/api/v1${path}`, base), {
        method,
        headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json', origin: base },
        body: body && JSON.stringify(body),
      });
      assert.ok([401, 403, 404].includes(answer.status), `${method} ${path} is answered with ${answer.status}`);
    }
    const headers = { authorization: `Bearer ${access_token}` };
    const consent = await send(new URL('/oauth/consent', base), { headers });
    assert.notEqual(consent.status, 200);
  });
}
