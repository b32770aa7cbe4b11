// Real MCP clients from 401 to a tool call: TypeScript client 2 and SDK 1, registering by themselves,
// by a metadata document, and as a client that the operator has entered.
import assert from 'node:assert/strict';
import * as two from '@modelcontextprotocol/client';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { check, endpoint } from '../checks.mjs';
import { dataUri, disc } from '../picture.mjs';
import { CALLBACK, random, tokens } from './app.mjs';
import { describer } from './cimd.mjs';
import { anotherSession, scene } from './scene.mjs';

const ME = { name: 'aquatint-tests', version: '1.0.0' };
/** How each maker's client is made, finishes a sign-in and says that it needs one. */
const KINDS = {
  'typescript client 2': {
    client: () => new two.Client(ME, { versionNegotiation: { mode: 'auto' } }),
    transport: (authProvider) => new two.StreamableHTTPClientTransport(new URL(endpoint), { authProvider }),
    finish: (transport, back) => transport.finishAuth(back),
    call: (client, name, args) => client.callTool({ name, arguments: args }, { timeout: 60_000 }),
    Unauthorized: two.UnauthorizedError,
  },
  'typescript sdk 1': {
    client: () => new Client(ME),
    transport: (authProvider) => new StreamableHTTPClientTransport(new URL(endpoint), { authProvider }),
    finish: (transport, back) => transport.finishAuth(back.get('code')),
    call: (client, name, args) => client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 }),
    Unauthorized: UnauthorizedError,
  },
};

/** What an app keeps. It opens no browser; `asked` is the address that it would open. */
class Provider {
  redirectUrl = 'http://127.0.0.1:49152/callback';

  constructor({ client_id, metadataUrl } = {}) {
    this.info = client_id && { client_id, issuer: scene.server.issuer };
    this.clientMetadataUrl = metadataUrl;
  }
  get clientMetadata() {
    return {
      client_name: 'Interoperability tests', redirect_uris: [this.redirectUrl], token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    };
  }
  // Both SDKs take metadata documents over https alone, and no server would trust a certificate of
  // ours: they are told https, and the id that goes to the server says http.
  #plain(id) {
    return id === this.clientMetadataUrl ? id.replace('https:', 'http:') : id;
  }
  state = () => (this.sentState = random());
  clientInformation = () => this.info;
  saveClientInformation = (info) => (this.info = { ...info, client_id: this.#plain(info.client_id) });
  tokens = () => this.held;
  saveTokens = (held) => (this.held = held);
  saveCodeVerifier = (verifier) => (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  discoveryState = () => this.discovered;
  saveDiscoveryState = (state) => (this.discovered = state);
  redirectToAuthorization(url) {
    url.searchParams.set('client_id', this.#plain(url.searchParams.get('client_id')));
    this.asked = url;
  }
  invalidateCredentials(what) {
    if (['all', 'tokens'].includes(what)) this.held = undefined;
    if (['all', 'client'].includes(what)) this.info = undefined;
    if (['all', 'discovery'].includes(what)) this.discovered = undefined;
  }
}

/** From 401 to a connected client; the person picks the workspace that is not the default. */
async function signIn(kind, provider) {
  const transport = kind.transport(provider);
  const first = kind.client();
  await assert.rejects(first.connect(transport), kind.Unauthorized);
  assert.ok(provider.asked, 'it did not ask to authorise');
  const { searchParams } = provider.asked;
  assert.equal(searchParams.get('resource'), scene.mcp);
  assert.equal(searchParams.get('code_challenge_method'), 'S256');
  const back = await scene.owner.authorize(provider.asked, { workspace: scene.picked });
  assert.ok(back.href.startsWith(`${provider.redirectUrl}?`), `it goes to ${back}`);
  assert.equal(back.searchParams.get('state'), provider.sentState);
  await kind.finish(transport, back.searchParams);
  await transport.close();
  const client = kind.client();
  await client.connect(kind.transport(provider));
  return client;
}

async function assertUsable(kind, client) {
  const { tools } = await client.listTools();
  assert.ok(tools.some((tool) => tool.name === 'edit_image'));
  const { structuredContent, isError } = await kind.call(client, 'account', { action: 'credits' });
  assert.ok(!isError && structuredContent.plan, JSON.stringify(structuredContent));
}

async function assertRefreshes(kind, client, provider) {
  const before = provider.held;
  provider.asked = undefined;
  provider.held = { ...before, access_token: 'aqt_acc_gone' };
  await assertUsable(kind, client);
  assert.equal(provider.asked, undefined, 'it asked the person again');
  assert.notEqual(provider.held.refresh_token, before.refresh_token);
  assert.notEqual(provider.held.access_token, 'aqt_acc_gone');
}

async function byRegistration(label, kind, viewer, tint) {
  const provider = new Provider();
  let client;
  await check(`${label}, registering: signs in and calls a tool`, async () => {
    client = await signIn(kind, provider);
    await assertUsable(kind, client);
  });
  await check(`${label}, registering: works in the workspace that was picked`, async () => {
    const picture = { method: 'url', url: dataUri(disc(48, 48, tint)) };
    const { structuredContent: asset, isError } = await kind.call(client, 'upload', picture);
    assert.ok(!isError, JSON.stringify(asset));
    const path = `/assets/${asset.asset_id}`;
    assert.equal((await viewer.apiAnswer('GET', path)).status, 200, 'it is not in the workspace that was picked');
    assert.equal((await scene.owner.apiAnswer('GET', path)).status, 404, 'it is in the default workspace');
    const { apps } = await scene.owner.api('GET', '/apps');
    const grant = apps.find((entry) => entry.client_id === provider.info.client_id);
    assert.equal(grant?.workspace_id, scene.picked, JSON.stringify(grant));
    assert.equal(grant.client_name, 'Interoperability tests');
  });
  await check(`${label}, registering: refreshes by itself`, () => assertRefreshes(kind, client, provider));
  await check(`${label}, registering: asks again when the person has ended it`, async () => {
    const { apps } = await scene.owner.api('GET', '/apps');
    for (const entry of apps.filter((entry) => entry.client_id === provider.info.client_id)) {
      await scene.owner.api('DELETE', `/apps/${entry.grant_id}`);
    }
    provider.asked = undefined;
    await assert.rejects(kind.call(client, 'account', { action: 'credits' }), kind.Unauthorized);
    assert.ok(provider.asked, 'it did not ask to authorise');
  });
  await client?.close();
}

async function byDocument(label, kind, web) {
  const provider = new Provider();
  const { client_id } = web.put(`/${label.replaceAll(' ', '-')}.json`, { redirect_uris: [provider.redirectUrl] });
  provider.clientMetadataUrl = client_id.replace('http:', 'https:');
  await check(`${label}, by its document: signs in, calls a tool and refreshes`, async () => {
    const client = await signIn(kind, provider);
    assert.equal(provider.info.client_id, client_id);
    await assertUsable(kind, client);
    await assertRefreshes(kind, client, provider);
    await client.close();
  });
}

async function asEntered(label, kind) {
  await check(`${label}, entered by the operator: signs in, calls a tool and refreshes`, async () => {
    const provider = new Provider({ client_id: 'pre-registered-test' });
    const client = await signIn(kind, provider);
    assert.equal(provider.info.client_id, 'pre-registered-test');
    await assertUsable(kind, client);
    await assertRefreshes(kind, client, provider);
    await client.close();
  });
}

/** A token with too little: the client asks for more and goes on with the same call. */
async function stepUp() {
  const kind = KINDS['typescript client 2'];
  await check('typescript client 2: asks for more scopes when a tool needs them', async () => {
    const provider = new Provider({ client_id: 'pre-registered-test' });
    const few = { client_id: 'pre-registered-test', redirect_uris: [CALLBACK] };
    const held = await tokens({ scope: 'models:read' }, { client: few, workspace: scene.picked });
    provider.held = { ...held, issuer: scene.server.issuer };
    const transport = kind.transport(provider);
    const client = kind.client();
    await client.connect(transport);
    await assert.rejects(kind.call(client, 'account', { action: 'credits' }), kind.Unauthorized);
    const scopes = provider.asked?.searchParams.get('scope')?.split(' ') ?? [];
    for (const scope of ['models:read', 'account:read']) assert.ok(scopes.includes(scope), `it asks for ${scopes}`);
    const back = await scene.owner.authorize(provider.asked, { workspace: scene.picked });
    await kind.finish(transport, back.searchParams);
    const { structuredContent } = await kind.call(client, 'account', { action: 'credits' });
    assert.ok(structuredContent.plan);
    await client.close();
  });
}

export async function clients() {
  const web = await describer();
  const viewer = await anotherSession();
  await viewer.api('POST', '/me/workspace', { workspace_id: scene.picked });
  let tint = Date.now() % 200;
  for (const [label, kind] of Object.entries(KINDS)) {
    await byRegistration(label, kind, viewer, (tint += 1));
    await byDocument(label, kind, web);
    await asEntered(label, kind);
  }
  await stepUp();
  web.stop();
}
