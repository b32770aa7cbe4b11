// OAuth libraries that check every answer for conformance: oauth4webapi by its single steps, and
// openid-client as programs use it.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { check } from '../checks.mjs';
import { CALLBACK, app, assertAlive, assertDead } from './app.mjs';
import { scene } from './scene.mjs';

// The server under test is reached over http on loopback, which both libraries refuse by themselves.
const options = { [oauth.allowInsecureRequests]: true };

async function steps() {
  const none = oauth.None();
  const resource = new URL(scene.mcp);
  let server;
  let client;
  let asked;
  let held;

  await check('oauth4webapi: finds the server through the resource', async () => {
    const answered = await oauth.resourceDiscoveryRequest(resource, options);
    const found = await oauth.processResourceDiscoveryResponse(resource, answered);
    const issuer = new URL(found.authorization_servers[0]);
    for (const algorithm of ['oauth2', 'oidc']) {
      const told = await oauth.discoveryRequest(issuer, { algorithm, ...options });
      server = await oauth.processDiscoveryResponse(issuer, told);
      assert.equal(server.authorization_response_iss_parameter_supported, true, algorithm);
    }
  });
  await check('oauth4webapi: registers', async () => {
    const metadata = {
      client_name: 'oauth4webapi', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    };
    const made = await oauth.dynamicClientRegistrationRequest(server, metadata, options);
    client = await oauth.processDynamicClientRegistrationResponse(made);
  });
  await check('oauth4webapi: accepts the answer to the authorisation with state and iss', async () => {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const url = new URL(server.authorization_endpoint);
    url.search = new URLSearchParams({
      response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, state, resource: scene.mcp,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      scope: 'account:read jobs',
    });
    const back = await scene.owner.authorize(url, { workspace: scene.picked });
    assert.throws(() => oauth.validateAuthResponse(server, client, back, 'another state'));
    asked = { verifier, parameters: oauth.validateAuthResponse(server, client, back, state) };
  });
  await check('oauth4webapi: redeems the code', async () => {
    const extra = { additionalParameters: { resource: scene.mcp }, ...options };
    const { parameters, verifier } = asked;
    const fields = [parameters, CALLBACK, verifier, extra];
    const answer = await oauth.authorizationCodeGrantRequest(server, client, none, ...fields);
    held = await oauth.processAuthorizationCodeResponse(server, client, answer);
    assert.deepEqual(held.scope.split(' ').sort(), ['account:read', 'jobs']);
    await assertAlive(held);
  });
  await check('oauth4webapi: understands the challenge of the resource', async () => {
    const headers = new Headers({ 'content-type': 'application/json' });
    const body = '{"method":"tools/list"}';
    const ask = (bearer) => oauth.protectedResourceRequest(bearer, 'POST', resource, headers, body, options);
    assert.equal((await ask(held.access_token)).status, 200);
    await assert.rejects(ask('aqt_acc_wrong'), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError, String(error));
      const [{ scheme, parameters }] = error.cause;
      assert.deepEqual([error.cause.length, scheme, parameters.error], [1, 'bearer', 'invalid_token']);
      assert.ok(URL.canParse(parameters.resource_metadata));
      return true;
    });
  });
  await check('oauth4webapi: refreshes', async () => {
    const again = await oauth.refreshTokenGrantRequest(server, client, none, held.refresh_token, options);
    const next = await oauth.processRefreshTokenResponse(server, client, again);
    assert.notEqual(next.refresh_token, held.refresh_token);
    held = next;
    await assertAlive(held);
  });
  await check('oauth4webapi: a refusal is an error that it understands', async () => {
    const refused = await oauth.refreshTokenGrantRequest(server, client, none, 'wrong', options);
    await assert.rejects(oauth.processRefreshTokenResponse(server, client, refused), (error) => {
      assert.ok(error instanceof oauth.ResponseBodyError, String(error));
      assert.deepEqual([error.error, error.status], ['invalid_grant', 400]);
      return true;
    });
  });
  await check('oauth4webapi: revokes', async () => {
    const gone = await oauth.revocationRequest(server, client, none, held.refresh_token, options);
    await oauth.processRevocationResponse(gone);
    await assertDead(held);
  });
}

async function whole() {
  const settings = { execute: [openid.allowInsecureRequests], algorithm: 'oauth2' };
  const issuer = new URL(scene.server.issuer);
  const begin = async (config, { redirect_uri = CALLBACK, ...changes } = {}) => {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri, state: expectedState, resource: scene.mcp, code_challenge_method: 'S256',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier), ...changes,
    });
    return { back: await scene.owner.authorize(url), checks: { pkceCodeVerifier, expectedState } };
  };
  let config;

  await check('openid-client: discovers, authorises, refreshes and revokes', async () => {
    const { client_id } = await app();
    config = await openid.discovery(issuer, client_id, undefined, openid.None(), settings);
    assert.ok(config.serverMetadata().supportsPKCE());
    const { back, checks } = await begin(config);
    const held = await openid.authorizationCodeGrant(config, back, checks, { resource: scene.mcp });
    assert.ok(held.expiresIn() > 0);
    await assertAlive(held);
    const next = await openid.refreshTokenGrant(config, held.refresh_token, { resource: scene.mcp });
    await assertAlive(next);
    await openid.tokenRevocation(config, next.refresh_token);
    await assertDead(next);
  });
  await check('openid-client: registers by itself', async () => {
    const metadata = { client_name: 'openid-client', redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' };
    const own = await openid.dynamicClientRegistration(issuer, metadata, openid.None(), settings);
    const { back, checks } = await begin(own);
    await assertAlive(await openid.authorizationCodeGrant(own, back, checks, { resource: scene.mcp }));
  });
  await check('openid-client: refusals reach the program as what they are', async () => {
    const fails = (made, code, error) =>
      assert.rejects(made, (thrown) => {
        assert.deepEqual([thrown.code, thrown.error], [code, error], String(thrown));
        return true;
      });
    const redeem = ({ back, checks }) => openid.authorizationCodeGrant(config, back, checks);
    const wrong = await begin(config);
    wrong.checks.pkceCodeVerifier = openid.randomPKCECodeVerifier();
    await fails(redeem(wrong), 'OAUTH_RESPONSE_BODY_ERROR', 'invalid_grant');
    const foreign = await begin(config, { resource: 'https://evil.example/mcp' });
    await fails(redeem(foreign), 'OAUTH_AUTHORIZATION_RESPONSE_ERROR', 'invalid_target');
    const used = await begin(config);
    await redeem(used);
    await fails(redeem(used), 'OAUTH_RESPONSE_BODY_ERROR', 'invalid_grant');
    await fails(openid.refreshTokenGrant(config, 'wrong'), 'OAUTH_RESPONSE_BODY_ERROR', 'invalid_grant');
    const mixed = await begin(config);
    mixed.back.searchParams.set('iss', 'https://evil.example');
    await fails(redeem(mixed), 'OAUTH_INVALID_RESPONSE', undefined);
  });
}

export async function libraries() {
  await steps();
  await whole();
}
