// A vendor that takes 300 s over a picture, and clients that cut every call at 60 s, in real time: the picture arrives all the same,
// once, and is charged once. It only waits, so `cargo xtask test` runs it beside the others.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { base, check, endpoint, fail, finish, key } from './checks.mjs';
import { disc } from './picture.mjs';

/** Shorter times are for looking at the script itself. */
const SCALE = Number(process.env.AQUATINT_PATIENCE ?? 1);
const WORK_MS = 300_000 * SCALE;
const CUT_MS = 60_000 * SCALE;
/** What the studio may take beyond the vendor: its last look, the fetch, the answer. */
const SLACK_MS = 60_000;
const MODEL = 'image/fal/fal-ai/flux/schnell';
const PORT = Number(process.env.AQUATINT_VENDOR_PORT);
if (!PORT) {
  fail('environment', 'set AQUATINT_VENDOR_PORT to the port at which the studio looks for fal');
  finish();
}

// The vendor, in the shapes of fal's queue.
const bought = [];
const vendor = http.createServer((request, response) => {
  const tell = (body, headers = {}) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const { pathname } = new URL(request.url, 'http://vendor');
  const place = /\/requests\/(\d+)(\/status)?$/.exec(pathname);
  if (request.method === 'POST') {
    let text = '';
    request.on('data', (part) => { text += part; });
    request.on('end', () => {
      bought.push({ at: Date.now(), prompt: JSON.parse(text).prompt });
      tell({ request_id: String(bought.length - 1) });
    });
  } else if (place?.[2]) {
    tell({ status: Date.now() - bought[place[1]].at < WORK_MS ? 'IN_PROGRESS' : 'COMPLETED' });
  } else if (place) {
    tell({ images: [{ url: `http://127.0.0.1:${PORT}/made/${place[1]}.png` }], seed: 7 }, { 'x-fal-billable-units': '1' });
  } else if (pathname === '/v1/models/pricing') {
    tell({ prices: [{ endpoint_id: 'fal-ai/flux/schnell', unit_price: 0.003, unit: 'megapixels', currency: 'USD' }] });
  } else if (pathname.startsWith('/made/')) {
    response.writeHead(200, { 'content-type': 'image/png' }).end(disc(512, 512, Number(/\d+/.exec(pathname)[0])));
  } else {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"not here"}');
  }
});
await new Promise((done) => { vendor.listen(PORT, '127.0.0.1', done); });

const headers = { Authorization: `Bearer ${key}` };
const info = { name: 'aquatint-tests', version: '1.0.0' };
/** Ways to make one call, cut after a while: the official clients give up in silence, the last one closes the connection. */
const ways = {
  'typescript client 2 at AIPhotoGenerator': {
    image: (made) => [made.image_id, made.image_url],
    async make() {
      const client = new Client2(info);
      await client.connect(new Transport2(new URL(`${base}/mcp/aiphotogenerator`), { requestInit: { headers } }));
      const call = { name: 'generate_image', arguments: { prompt: 'a slow cup', model: MODEL, width: 512, height: 512 } };
      return () => client.callTool(call, { timeout: CUT_MS });
    },
  },
  'typescript sdk 1 at Krea': {
    image: (made) => [made.result.asset_ids[0], made.result.urls[0]],
    async make() {
      const client = new Client1(info);
      await client.connect(new Transport1(new URL(`${base}/mcp/krea`), { requestInit: { headers } }));
      const call = { name: 'generate', arguments: { model: MODEL, prompt: 'a slow vase', width: 512, height: 512, sync: true } };
      return () => client.callTool(call, undefined, { timeout: CUT_MS });
    },
  },
  'a plain client at Pixola': {
    image: (made) => [made.images[0].imageId, made.images[0].url],
    async make() {
      const call = { name: 'generate_image', arguments: { prompt: 'a slow lamp', model: MODEL } };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call });
      return async () => {
        const answer = await fetch(`${base}/mcp/pixola`, { method: 'POST', headers, body, signal: AbortSignal.timeout(CUT_MS) });
        return (await answer.json()).result;
      };
    },
  },
};

await Promise.all(Object.entries(ways).map(([name, { make, image }]) => check(`patience: ${name} gets its picture`, async () => {
  const call = await make();
  const began = Date.now();
  let cuts = 0;
  let made;
  while (!made) {
    assert.ok(Date.now() - began < WORK_MS + SLACK_MS, `nothing after ${cuts} cuts`);
    const started = Date.now();
    try {
      made = await call();
    } catch (error) {
      // Only the client's own impatience is looked for here.
      assert.ok(Date.now() - started >= CUT_MS * 0.95, `the call ended by itself: ${error.message}`);
      cuts += 1;
    }
  }
  const took = Date.now() - began;
  assert.ok(!made.isError, JSON.stringify(made.structuredContent));
  assert.ok(took >= WORK_MS && cuts >= Math.floor(WORK_MS / CUT_MS) - 1, `${took} ms and ${cuts} cuts`);
  const [id, url] = image(made.structuredContent);
  assert.match(id, /^ast_/);
  const picture = await fetch(url);
  assert.equal(picture.status, 200);
  assert.ok(Number((await picture.arrayBuffer()).byteLength) > 500);
})));

await check('patience: each picture was bought once, kept once and charged once', async () => {
  const native = async (name, args) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
    return (await (await fetch(endpoint, { method: 'POST', headers, body })).json()).result.structuredContent;
  };
  const count = Object.keys(ways).length;
  assert.deepEqual(bought.map((one) => one.prompt).sort(), ['a slow cup', 'a slow lamp', 'a slow vase']);
  assert.equal((await native('assets', { action: 'list' })).assets.length, count);
  const { charges } = await native('account', { action: 'usage_history' });
  assert.equal(charges.length, count, JSON.stringify(charges));
});
vendor.close();
finish();
