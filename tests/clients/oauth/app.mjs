// An app by hand, for what no library would send: each request with any part changed or left out.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { send } from '../browserless.mjs';
import { base } from '../checks.mjs';
import { scene } from './scene.mjs';

/** Where the answers to authorisation go. Nobody listens: the address itself is read. */
export const CALLBACK = 'http://127.0.0.1/callback';
export const random = () => randomBytes(32).toString('base64url');
const s256 = (verifier) => createHash('sha256').update(verifier).digest('base64url');

/** Pairs without those that are `null`; an array stands for a name that is sent several times. */
function pairs(fields) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one != null) parameters.append(name, one);
  }
  return parameters;
}

export function register(metadata, headers = {}) {
  const body = typeof metadata === 'string' ? metadata : JSON.stringify(metadata);
  return send(scene.server.registration_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body,
  });
}

/** A newly registered public app. */
export async function newApp(changes = {}) {
  const answer = await register({
    client_name: 'Interoperability tests',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    ...changes,
  });
  assert.equal(answer.status, 201, `registering answers ${answer.status}: ${answer.text}`);
  return answer.json();
}

const shared = new Map();
/** One app for many checks, because registering is limited; `other` is a second one. */
export function app(which = 'first') {
  if (!shared.has(which)) shared.set(which, newApp({ client_name: `Interoperability tests, ${which}` }));
  return shared.get(which);
}

/** An authorisation request: its address, and what the app must remember for redeeming the code. */
export async function request(changes = {}, client) {
  const verifier = random();
  const { client_id, redirect_uris } = client ?? (await app());
  const sent = {
    response_type: 'code',
    client_id,
    redirect_uri: redirect_uris[0],
    state: random(),
    code_challenge: s256(verifier),
    code_challenge_method: 'S256',
    resource: scene.mcp,
    ...changes,
  };
  const url = new URL(scene.server.authorization_endpoint);
  for (const [name, value] of pairs(sent)) url.searchParams.append(name, value);
  return { url, sent, verifier };
}

/** Authorises and gives what redeems the code. `person`, `workspace` and `client` can be said. */
export async function code(changes = {}, { person = scene.owner, workspace, client } = {}) {
  const asked = await request(changes, client);
  const back = await person.authorize(asked.url, { workspace });
  const value = back.searchParams.get('code');
  assert.ok(value, `no code in ${back.href}`);
  return {
    grant_type: 'authorization_code',
    code: value,
    redirect_uri: asked.sent.redirect_uri,
    client_id: asked.sent.client_id,
    code_verifier: asked.verifier,
    resource: asked.sent.resource,
  };
}

/** A form to the token endpoint. */
export function token(fields, headers = {}) {
  const own = { accept: 'application/json', ...headers };
  return send(scene.server.token_endpoint, { method: 'POST', headers: own, body: pairs(fields) });
}

/** Tokens for a code; fails unless the answer is as RFC 6749 section 5.1 has it. */
export async function redeem(fields) {
  const answer = await token(fields);
  assert.equal(answer.status, 200, `${fields.grant_type} answers ${answer.status}: ${answer.text}`);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.match(answer.headers['cache-control'] ?? '', /\bno-store\b/);
  const body = answer.json();
  assert.equal(body.token_type.toLowerCase(), 'bearer');
  assert.ok(body.expires_in > 0 && body.expires_in <= 600, `expires_in is ${body.expires_in}`);
  assert.match(body.access_token, /^aqt_acc_/);
  assert.match(body.refresh_token, /^aqt_ref_/);
  assert.equal(typeof body.scope, 'string');
  return { ...body, client_id: fields.client_id, resource: fields.resource };
}

/** The whole way from nothing to tokens. */
export async function tokens(changes, who) {
  return redeem(await code(changes, who));
}

/** The form that refreshes. */
export function refreshing(held, changes = {}) {
  const { refresh_token, client_id, resource } = held;
  return { grant_type: 'refresh_token', refresh_token, client_id, resource, ...changes };
}

export function revoke(fields, headers = {}) {
  return send(scene.server.revocation_endpoint, { method: 'POST', headers, body: pairs(fields) });
}

/** A refusal as RFC 6749 section 5.2 has it. `statuses` and `errors` may be one or several. */
export function assertRefused(answer, errors, statuses = [400]) {
  const told = `${answer.status}: ${answer.text.slice(0, 300)}`;
  assert.ok([statuses].flat().includes(answer.status), `the answer should be ${statuses}, is ${told}`);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, told);
  const cache = answer.headers['cache-control'] ?? '';
  assert.match(cache, /\bno-store\b/, `Cache-Control is ${cache}`);
  const { error, access_token } = answer.json();
  assert.ok([errors].flat().includes(error), `the error should be ${errors}, is ${told}`);
  assert.equal(access_token, undefined);
}

/** The address to which an authorisation error was sent: to the app, with `iss` and the same state. */
export function assertErrorRedirect(back, sent, errors) {
  assert.ok(back, 'a page is shown, though the app could be told');
  assert.ok(back.href.startsWith(`${sent.redirect_uri}?`), `it goes to ${back.href}`);
  const got = Object.fromEntries(back.searchParams);
  assert.ok([errors].flat().includes(got.error), `the error should be ${errors}, is ${back.search}`);
  assert.equal(got.state, sent.state ?? undefined, 'the state is not echoed');
  assert.equal(got.iss, scene.server.issuer, 'no `iss`, or a wrong one');
  assert.equal(got.code, undefined);
}

/** A JSON-RPC request to an MCP endpoint. */
export function mcp(path, bearer, message = { method: 'tools/list' }, headers = {}) {
  const own = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  return send(new URL(path, base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...own, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }),
  });
}
export const toolCall = (name, args) => ({ method: 'tools/call', params: { name, arguments: args } });
/** What `/api/v1` says to a token that reads the balance. */
export function balance(bearer) {
  return send(new URL('/api/v1/account/credits', base), { headers: { authorization: `Bearer ${bearer}` } });
}

/** The parameters of a Bearer challenge. */
export function challenge(answer) {
  const value = answer.headers['www-authenticate'] ?? '';
  assert.match(value, /^Bearer\b/, `WWW-Authenticate is ${value}`);
  return Object.fromEntries([...value.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, text]) => [name, text]));
}

export async function assertAlive(held, path = '/mcp') {
  const answer = await mcp(path, held.access_token);
  assert.equal(answer.status, 200, `${path} answers ${answer.status}: ${answer.text.slice(0, 200)}`);
}
export async function assertDead(held, path = '/mcp') {
  const answer = await mcp(path, held.access_token);
  assert.equal(answer.status, 401, `the access token should be dead, ${path} answers ${answer.status}`);
  assert.equal(challenge(answer).error, 'invalid_token');
}
