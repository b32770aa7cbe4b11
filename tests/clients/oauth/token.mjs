// The token endpoint: codes, their one use, and the bonds between a code, its app, its redirect URI,
// its verifier and its resource (OAuth 2.1 section 4.1.3, RFC 7636, RFC 8707).
import assert from 'node:assert/strict';
import { send } from '../browserless.mjs';
import { check } from '../checks.mjs';
import {
  app, assertAlive, assertDead, assertRefused, code, newApp, random, redeem, refreshing, token,
} from './app.mjs';
import { scene } from './scene.mjs';

export async function tokenEndpoint() {
  await check('oauth token: a code gives tokens once; a second use is refused and ends the first tokens', async () => {
    const fields = await code();
    const held = await redeem(fields);
    await assertAlive(held);
    assertRefused(await token(fields), 'invalid_grant');
    await assertDead(held);
    assertRefused(await token(refreshing(held)), 'invalid_grant');
  });

  await check('oauth token: two uses of a code at once give tokens to one at most, and then to none', async () => {
    const fields = await code();
    const answers = await Promise.all([token(fields), token(fields), token(fields), token(fields)]);
    const given = answers.filter((answer) => answer.status === 200);
    assert.ok(given.length <= 1, `${given.length} of 4 were given tokens`);
    for (const answer of given) await assertDead(answer.json());
  });

  await check('oauth token: the verifier must be the one of the challenge', async () => {
    for (const code_verifier of [random(), 'x', '']) {
      assertRefused(await token({ ...(await code()), code_verifier }), ['invalid_grant', 'invalid_request']);
    }
    assertRefused(await token({ ...(await code()), code_verifier: random() }), 'invalid_grant');
    assertRefused(await token({ ...(await code()), code_verifier: null }), ['invalid_grant', 'invalid_request']);
  });

  await check('oauth token: a code is refused to another app, and ends there', async () => {
    const other = await app('other');
    const fields = await code();
    assertRefused(await token({ ...fields, client_id: other.client_id }), 'invalid_grant');
    assertRefused(await token({ ...fields, client_id: 'nobody' }), 'invalid_client', [400, 401]);
    assertRefused(await token({ ...fields, client_id: null }), ['invalid_client', 'invalid_request'], [400, 401]);
  });

  await check('oauth token: the redirect URI must be the one of the authorisation', async () => {
    const two = await newApp({ redirect_uris: ['http://127.0.0.1/callback', 'http://127.0.0.1/other'] });
    const others = ['http://127.0.0.1/other', 'http://127.0.0.1:7/callback', 'https://evil.example/callback'];
    for (const redirect_uri of others) {
      assertRefused(await token({ ...(await code({}, { client: two })), redirect_uri }), 'invalid_grant');
    }
  });

  await check('oauth token: a loopback port of the authorisation is asked again', async () => {
    const redirect_uri = 'http://127.0.0.1:49152/callback';
    await assertAlive(await redeem(await code({ redirect_uri })));
    const other = { ...(await code({ redirect_uri })), redirect_uri: 'http://127.0.0.1:49153/callback' };
    assertRefused(await token(other), 'invalid_grant');
  });

  await check('oauth token: codes that are none are refused', async () => {
    const fields = await code();
    const changed = fields.code.slice(0, -1) + (fields.code.endsWith('a') ? 'b' : 'a');
    const none = [changed, `${fields.code}a`, 'aqt_cod_', 'garbage', 'x'.repeat(5000), '\u0000', "' OR 1=1 --"];
    for (const other of none) {
      assertRefused(await token({ ...fields, code: other }), 'invalid_grant');
    }
    assertRefused(await token({ ...fields, code: null }), 'invalid_request');
    assertRefused(await token({ ...fields, code: [fields.code, fields.code] }), 'invalid_request');
  });

  await check('oauth token: a resource other than the one of the authorisation is invalid_target', async () => {
    for (const resource of ['https://evil.example/mcp', scene.api, scene.root, `${scene.mcp}#x`]) {
      assertRefused(await token({ ...(await code()), resource }), 'invalid_target');
    }
    // Older clients do not repeat it.
    await assertAlive(await redeem({ ...(await code()), resource: null }));
  });

  await check('oauth token: only the two grants are known', async () => {
    const fields = await code();
    const bearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
    for (const grant_type of ['password', 'client_credentials', 'implicit', bearer]) {
      assertRefused(await token({ ...fields, grant_type }), ['unsupported_grant_type', 'unauthorized_client']);
    }
    assertRefused(await token({ ...fields, grant_type: null }), 'invalid_request');
  });

  await check('oauth token: parameters are read from a form in the body and from nowhere else', async () => {
    const url = new URL(scene.server.token_endpoint);
    const fields = await code();
    for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const inQuery = await send(url, { method: 'POST', headers: form, body: '' });
    assert.ok(inQuery.status >= 400, `parameters in the address are answered with ${inQuery.status}`);
    assert.ok((await send(url)).status >= 400, 'GET is answered');
    const asJson = await send(scene.server.token_endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(await code()),
    });
    assert.ok(asJson.status >= 400 && asJson.status < 500, `JSON is answered with ${asJson.status}`);
  });

  await check('oauth token: answers are for nobody else, and no other site reads them with credentials', async () => {
    const fields = await code();
    const answer = await token(fields, { origin: 'https://evil.example' });
    assert.notEqual(answer.headers['access-control-allow-credentials'], 'true');
    assert.notEqual(answer.headers['access-control-allow-origin'], 'https://evil.example');
    assert.match(answer.headers['cache-control'] ?? '', /no-store/);
    assert.equal(answer.headers['set-cookie'], undefined);
  });

  await check('oauth token: what no session, key or cookie may stand in for', async () => {
    const made = await scene.owner.api('POST', '/keys', { name: 'token test' });
    const { client_id } = await app();
    const fields = await code();
    assertRefused(await token({ ...fields, code: made.secret }), 'invalid_grant');
    assertRefused(await token({ grant_type: 'refresh_token', client_id, refresh_token: made.secret }), 'invalid_grant');
    const none = { grant_type: 'client_credentials', client_id };
    const withKey = await token(none, { authorization: `Bearer ${made.secret}` });
    assert.ok(withKey.status >= 400, `an API key is answered with ${withKey.status}`);
    const withCookie = await token(none, { cookie: scene.owner.cookie(scene.server.token_endpoint) });
    assert.ok(withCookie.status >= 400, `a cookie is answered with ${withCookie.status}`);
    await scene.owner.api('DELETE', `/keys/${made.key_id}`);
  });

  const methods = scene.server.token_endpoint_auth_methods_supported;
  if (methods.some((method) => method.startsWith('client_secret_'))) {
    await check('oauth token: an app with a secret must show it', async () => {
      const method = methods.find((name) => name.startsWith('client_secret_'));
      const client = await newApp({ token_endpoint_auth_method: method });
      assert.ok(client.client_secret, `registered with ${method}, without a secret: ${JSON.stringify(client)}`);
      assert.equal(typeof client.client_secret_expires_at, 'number');
      const pair = (secret) => `${encodeURIComponent(client.client_id)}:${encodeURIComponent(secret)}`;
      const basic = (secret) => ({ authorization: `Basic ${btoa(pair(secret))}` });
      const shown = async (secret, fields) =>
        method === 'client_secret_basic'
          ? token({ ...fields, client_id: null }, basic(secret))
          : token({ ...fields, client_secret: secret });
      assertRefused(await token(await code({}, { client })), 'invalid_client', [400, 401]);
      const wrong = await shown('wrong', await code({}, { client }));
      assertRefused(wrong, 'invalid_client', method === 'client_secret_basic' ? 401 : [400, 401]);
      if (method === 'client_secret_basic') assert.match(wrong.headers['www-authenticate'] ?? '', /^Basic/);
      const right = await shown(client.client_secret, await code({}, { client }));
      assert.equal(right.status, 200, right.text);
      await assertAlive(right.json());
    });
  }
}
