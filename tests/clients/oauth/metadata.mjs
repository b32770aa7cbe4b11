// What the server says about itself (RFC 8414, RFC 9728), whoever asks and however.
import assert from 'node:assert/strict';
import { base, check } from '../checks.mjs';
import { mcp } from './app.mjs';
import { SURFACES, get, json, scene } from './scene.mjs';

const SERVER = '/.well-known/oauth-authorization-server';
const RESOURCE = '/.well-known/oauth-protected-resource';

export async function metadata() {
  await check('oauth metadata: the authorization server says what clients need', async () => {
    const { server } = scene;
    const issuer = new URL(server.issuer);
    assert.deepEqual([issuer.search, issuer.hash], ['', ''], server.issuer);
    for (const name of ['authorization', 'token', 'registration', 'revocation']) {
      const address = new URL(server[`${name}_endpoint`]);
      assert.equal(address.origin, issuer.origin, `${name}_endpoint is ${address}`);
    }
    assert.deepEqual(server.response_types_supported, ['code']);
    assert.deepEqual(server.code_challenge_methods_supported, ['S256']);
    assert.deepEqual([...server.grant_types_supported].sort(), ['authorization_code', 'refresh_token']);
    assert.ok(server.token_endpoint_auth_methods_supported.includes('none'));
    assert.equal(server.client_id_metadata_document_supported, true);
    assert.equal(server.authorization_response_iss_parameter_supported, true);
    assert.ok(!(server.scopes_supported ?? []).includes('offline_access'));
  });

  await check('oauth metadata: the address of OpenID Connect discovery says the same', async () => {
    assert.deepEqual(await json('/.well-known/openid-configuration'), scene.server);
  });

  for (const path of ['', '/mcp', '/api/v1', ...Object.keys(scene.surfaces)]) {
    await check(`oauth metadata: the resource ${path || 'at the root'} names itself and the server`, async () => {
      const found = await json(`${RESOURCE}${path}`);
      const resource = new URL(found.resource);
      assert.equal(resource.pathname.replace(/\/$/, ''), path, `the resource is ${found.resource}`);
      assert.deepEqual([resource.search, resource.hash], ['', '']);
      assert.deepEqual(found.authorization_servers, [scene.server.issuer]);
      assert.deepEqual(found.bearer_methods_supported, ['header']);
      assert.ok(found.scopes_supported.includes('account:read'));
      assert.ok(!found.scopes_supported.includes('offline_access'));
    });
  }

  await check('oauth metadata: an endpoint that is not there has no metadata, and one that is has', async () => {
    assert.equal((await get(`${RESOURCE}/nowhere`)).status, 404);
    for (const path of SURFACES) {
      const { status } = await mcp(path);
      assert.equal(status, path in scene.surfaces ? 401 : 404, path);
    }
  });

  await check('oauth metadata: no header and no query changes a byte of it', async () => {
    const { port, host } = new URL(base);
    for (const path of [SERVER, `${RESOURCE}/mcp`]) {
      const { text } = await get(path);
      const ways = [
        { host: `localhost:${port}` },
        { host, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' },
        { host, origin: base },
      ];
      for (const headers of ways) {
        const answer = await get(path, headers);
        assert.equal(answer.text, text, `${path} with ${JSON.stringify(headers)} (${answer.status})`);
      }
      const { text: asked } = await get(`${path}?issuer=https://evil.example&x=%22%3E%3Cscript%3E`);
      assert.equal(asked, text, 'with a query');
      const stranger = await get(path, { host: 'evil.example' });
      assert.ok(stranger.status >= 400 || stranger.text === text, `with a foreign Host: ${stranger.text}`);
      assert.ok(!stranger.text.includes('https://evil.example'));
    }
  });
}
