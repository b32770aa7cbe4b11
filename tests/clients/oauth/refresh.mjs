// Refresh tokens rotate, belong to one app, and end as a family when an old one comes back
// (OAuth 2.1 section 4.3.1, RFC 9700 section 4.14), and revocation (RFC 7009).
import assert from 'node:assert/strict';
import { check } from '../checks.mjs';
import {
  app, assertAlive, assertDead, assertRefused, balance, mcp, redeem, refreshing, revoke, token, tokens, toolCall,
} from './app.mjs';
import { scene } from './scene.mjs';

export async function refresh() {
  await check('oauth refresh: a new pair with the same scopes, and the old refresh token is spent', async () => {
    const held = await tokens();
    const next = await redeem(refreshing(held));
    assert.notEqual(next.refresh_token, held.refresh_token);
    assert.notEqual(next.access_token, held.access_token);
    assert.deepEqual(next.scope.split(' ').sort(), held.scope.split(' ').sort());
    await assertAlive(next);
    const third = await redeem(refreshing(next));
    assert.notEqual(third.refresh_token, next.refresh_token);
    await assertAlive(third);
  });

  await check('oauth refresh: an answer that was lost can be asked for again and has the same successor', async () => {
    const held = await tokens();
    const first = await redeem(refreshing(held));
    const again = await redeem(refreshing(held));
    assert.equal(again.refresh_token, first.refresh_token);
    await assertAlive(again);
    await assertAlive(await redeem(refreshing(again)));
  });

  await check('oauth refresh: many at once have one successor', async () => {
    const held = await tokens();
    const answers = await Promise.all([1, 2, 3, 4].map(() => token(refreshing(held))));
    for (const answer of answers) assert.equal(answer.status, 200, answer.text);
    const successors = new Set(answers.map((answer) => answer.json().refresh_token));
    assert.equal(successors.size, 1, `${successors.size} successors`);
    await assertAlive(await redeem(refreshing({ ...held, ...answers[0].json() })));
  });

  await check('oauth refresh: another app gets nothing for it, not even for a lost answer', async () => {
    const { client_id } = await app('other');
    const held = await tokens();
    assertRefused(await token(refreshing(held, { client_id })), 'invalid_grant');
    for (const nobody of ['nobody', null]) {
      const answer = await token(refreshing(held, { client_id: nobody }));
      assertRefused(answer, ['invalid_client', 'invalid_request'], [400, 401]);
    }
    const lost = await tokens();
    await redeem(refreshing(lost));
    assertRefused(await token(refreshing(lost, { client_id })), 'invalid_grant');
  });

  await check('oauth refresh: scopes can shrink and cannot grow', async () => {
    const held = await tokens({ scope: 'account:read models:read' });
    assert.deepEqual(held.scope.split(' ').sort(), ['account:read', 'models:read']);
    assertRefused(await token(refreshing(held, { scope: 'account:read models:read generate' })), 'invalid_scope');
    assertRefused(await token(refreshing(held, { scope: 'generate' })), 'invalid_scope');
    const less = await redeem(refreshing(held, { scope: 'models:read' }));
    assert.equal(less.scope, 'models:read');
    const answer = await mcp('/mcp', less.access_token, toolCall('account', { action: 'credits' }));
    assert.equal(answer.status, 403, `a token without account:read is answered with ${answer.status}`);
  });

  await check('oauth refresh: the resource stays what it was', async () => {
    const held = await tokens();
    for (const resource of [scene.api, scene.root, 'https://evil.example/']) {
      assertRefused(await token(refreshing(held, { resource })), 'invalid_target');
    }
    const next = await redeem(refreshing(held, { resource: null }));
    await assertAlive(next);
    for (const path of Object.keys(scene.surfaces)) await assertDead(next, path);
    assert.equal((await balance(next.access_token)).status, 401);
  });

  await check('oauth refresh: tokens of one kind are not taken for another', async () => {
    const held = await tokens();
    assertRefused(await token(refreshing(held, { refresh_token: held.access_token })), 'invalid_grant');
    await assertDead({ access_token: held.refresh_token });
    for (const refresh_token of ['garbage', `${held.refresh_token}a`, 'aqt_ref_']) {
      assertRefused(await token(refreshing(held, { refresh_token })), 'invalid_grant');
    }
    assertRefused(await token(refreshing(held, { refresh_token: null })), 'invalid_request');
    await assertAlive(held);
  });

  await check('oauth revoke: an access token ends at once', async () => {
    const held = await tokens();
    const { access_token, client_id } = held;
    const answer = await revoke({ token: access_token, token_type_hint: 'access_token', client_id });
    assert.equal(answer.status, 200, answer.text);
    await assertDead(held);
  });

  await check('oauth revoke: a refresh token takes its whole grant with it, whatever the hint', async () => {
    for (const token_type_hint of ['refresh_token', 'access_token', 'nonsense', null]) {
      const held = await tokens();
      const answer = await revoke({ token: held.refresh_token, token_type_hint, client_id: held.client_id });
      assert.equal(answer.status, 200, `${token_type_hint}: ${answer.text}`);
      assertRefused(await token(refreshing(held)), 'invalid_grant');
      await assertDead(held);
    }
  });

  await check('oauth revoke: another app cannot, unknown tokens are no error, and a token must be said', async () => {
    const held = await tokens();
    const { client_id } = await app('other');
    for (const name of ['access_token', 'refresh_token']) await revoke({ token: held[name], client_id });
    await assertAlive(held);
    await redeem(refreshing(held));
    assert.equal((await revoke({ token: 'unknown', client_id })).status, 200);
    assertRefused(await revoke({ client_id }), 'invalid_request');
    const made = await scene.owner.api('POST', '/keys', { name: 'revocation test' });
    await revoke({ token: made.secret, client_id });
    await assertAlive({ access_token: made.secret });
    await scene.owner.api('DELETE', `/keys/${made.key_id}`);
  });

  await check('oauth revoke: a person who ends an app ends its tokens', async () => {
    const held = await tokens({}, { workspace: scene.picked });
    const { apps } = await scene.owner.api('GET', '/apps');
    const grant = apps.find((entry) => entry.client_id === held.client_id && entry.workspace_id === scene.picked);
    assert.ok(grant, `no grant in the workspace picked: ${JSON.stringify(apps).slice(0, 300)}`);
    assert.equal(grant.is_yours, true);
    assert.deepEqual([...grant.scopes].sort(), held.scope.split(' ').sort());
    await scene.owner.api('DELETE', `/apps/${grant.grant_id}`);
    await assertDead(held);
    assertRefused(await token(refreshing(held)), 'invalid_grant');
  });
}
