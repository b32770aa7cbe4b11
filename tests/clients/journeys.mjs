// What a user does, by whichever client: the journeys of the studio contract and the ways they fail.
import assert from 'node:assert/strict';
import { check } from './checks.mjs';
import { dataUri, disc } from './picture.mjs';

const TOOLS = [
  'edit_image', 'generate_media', 'models', 'assets', 'upload', 'collections', 'account', 'get_job_status',
  'cancel_job', 'display',
];
const POLLS = 12; // each waits up to 25 s on the server
let tint = 0;

/**
 * Runs every journey. `client.tools()` lists the tools, `client.call(name, arguments)` gives a tool
 * result, and `client.isProtocolError(error, code)` recognises a JSON-RPC error.
 */
export async function journeys(label, client) {
  const call = async (name, args) => {
    const result = await client.call(name, args);
    assert.ok(!result.isError, `${name} failed: ${JSON.stringify(result.structuredContent ?? result.content)}`);
    assert.equal(typeof result.content.find((block) => block.type === 'text')?.text, 'string', `${name} has no text`);
    return result;
  };
  const fails = async (name, args) => {
    const result = await client.call(name, args);
    assert.equal(result.isError, true, `${name} should have failed`);
    const problem = result.structuredContent;
    for (const member of ['code', 'message', 'retryable', 'request_id']) {
      assert.ok(member in problem, `the problem has no ${member}: ${JSON.stringify(problem)}`);
    }
    assert.ok(result.content[0].text.includes(problem.message), 'the text does not tell the problem');
    return problem;
  };
  // Polls a job to its end.
  const ended = async (job) => {
    let view = job;
    for (let poll = 0; poll < POLLS && ['queued', 'running'].includes(view.status); poll += 1) {
      view = (await call('get_job_status', { job_id: view.job_id, sync: true })).structuredContent;
    }
    assert.equal(view.status, 'succeeded', JSON.stringify(view));
    return view;
  };
  const fetched = async (url, type) => {
    const answer = await fetch(url);
    assert.equal(answer.status, 200, `${url} answers ${answer.status}`);
    assert.equal(answer.headers.get('content-type'), type);
    return Buffer.from(await answer.arrayBuffer());
  };
  const picture = () => dataUri(disc(320, 320, (tint += 1)));
  let cutout;
  let generated;

  await check(`${label}: the list holds every tool, with schemas and annotations`, async () => {
    const tools = await client.tools();
    const names = tools.map((tool) => tool.name);
    for (const name of TOOLS) assert.ok(names.includes(name), `${name} is missing`);
    for (const tool of tools) {
      assert.ok(tool.title && tool.description, `${tool.name} has no words`);
      assert.equal(tool.inputSchema.type, 'object');
      assert.equal(tool.outputSchema?.type, 'object');
      assert.equal(tool.annotations.destructiveHint, false);
    }
  });

  await check(`${label}: the balance can be read`, async () => {
    const { structuredContent } = await call('account', { action: 'credits' });
    assert.equal(typeof structuredContent.plan, 'string');
  });

  await check(`${label}: remove the background of a picture in a data URI`, async () => {
    const result = await call('edit_image', { action: 'remove_background', images: picture() });
    const view = await ended(result.structuredContent);
    cutout = view.outputs[0];
    assert.match(cutout.asset_id, /^ast_/);
    assert.ok(view.result.confidence > 0.5, `the confidence is ${view.result.confidence}`);
    if (result.structuredContent.status === 'succeeded') {
      const link = result.content.find((block) => block.type === 'resource_link');
      assert.equal(link?.uri, cutout.url);
    }
    const bytes = await fetched(cutout.url, 'image/png');
    assert.equal(bytes[25] & 4, 4, 'the PNG has no alpha channel');
  });

  await check(`${label}: chain by asset id, upscale and expand`, async () => {
    const big = await ended(
      (await call('edit_image', { action: 'upscale', images: cutout.asset_id, scale: '2' })).structuredContent,
    );
    assert.equal(big.outputs[0].width, cutout.width * 2);
    const wide = await ended(
      (await call('edit_image', { action: 'expand', images: cutout.asset_id, aspect_ratio: '16:9' })).structuredContent,
    );
    const { width, height } = wide.outputs[0];
    assert.ok(Math.abs(width / height - 16 / 9) < 0.01, `${width} by ${height}`);
  });

  await check(`${label}: generate a picture and poll for it`, async () => {
    const { models } = (await call('models', { action: 'list', type: 'image' })).structuredContent;
    assert.ok(models.length > 0, 'there is no model');
    const started = (
      await call('generate_media', {
        model: models[0].id,
        prompt: 'studio product photo of a water bottle on a marble countertop',
        width: 256,
        height: 256,
        seed: (tint += 1),
      })
    ).structuredContent;
    assert.match(started.job_id, /^job_/);
    generated = (await ended(started)).outputs[0];
    assert.deepEqual([generated.width, generated.height], [256, 256]);
    await fetched(generated.url, generated.content_type);
  });

  await check(`${label}: an asset gives a fresh URL and is listed`, async () => {
    const asset = (await call('assets', { action: 'get', asset_id: generated.asset_id })).structuredContent;
    assert.ok(Date.parse(asset.url_expires_at) > Date.now());
    await fetched(asset.url, asset.content_type);
    const list = (await call('assets', { action: 'list' })).structuredContent;
    assert.ok(list.assets.some((entry) => entry.asset_id === generated.asset_id), 'it is not listed');
  });

  await check(`${label}: upload a local file through a one-time URL`, async () => {
    const made = (await call('upload', { method: 'upload_url', file_name: 'cup.png' })).structuredContent;
    assert.ok(made.curl.includes(made.upload_url));
    const form = () => {
      const data = new FormData();
      data.set('file', new Blob([disc(64, 64, (tint += 1))], { type: 'image/png' }), 'cup.png');
      return { method: 'POST', body: data };
    };
    const answer = await fetch(made.upload_url, form());
    const uploaded = await answer.json();
    assert.ok(answer.ok, `${answer.status} ${JSON.stringify(uploaded)}`);
    assert.match(uploaded.asset_id, /^ast_/);
    const again = await fetch(made.upload_url, form());
    assert.ok(again.status >= 400 && again.status < 500, `a second upload answers ${again.status}`);
    const asset = (await call('assets', { action: 'get', asset_id: uploaded.asset_id })).structuredContent;
    assert.equal(asset.width, 64);
  });

  await check(`${label}: a batch over a collection, with one failure told apart`, async () => {
    const ids = [cutout.asset_id, generated.asset_id];
    const name = `Shots ${label} ${Date.now()}`;
    const made = (await call('collections', { action: 'create', name, asset_ids: ids })).structuredContent;
    const found = (await call('assets', { action: 'list', collection_id: made.collection_id })).structuredContent;
    assert.equal(found.assets.length, 2);
    const images = [...ids, 'data:image/png;base64,AAAA'];
    let view = (await call('edit_image', { action: 'resize', images, width: 40 })).structuredContent;
    for (let poll = 0; poll < POLLS && ['queued', 'running'].includes(view.status); poll += 1) {
      view = (await call('get_job_status', { job_id: view.job_id, sync: true })).structuredContent;
    }
    const states = view.items.map((item) => item.status);
    assert.deepEqual(states, ['succeeded', 'succeeded', 'failed'], JSON.stringify(view));
    assert.ok(view.items[2].error.code, 'the failure has no code');
  });

  await check(`${label}: a retry with the same idempotency key is the same job`, async () => {
    const args = {
      action: 'resize', images: cutout.asset_id, width: 20, idempotency_key: `${label}-${Date.now()}`,
    };
    const first = (await call('edit_image', args)).structuredContent;
    const second = (await call('edit_image', args)).structuredContent;
    assert.equal(second.job_id, first.job_id);
    assert.equal(second.replayed, true);
  });

  await check(`${label}: display shows a gallery with one preview`, async () => {
    const result = await call('display', { asset_ids: [cutout.asset_id, generated.asset_id] });
    assert.equal(result.structuredContent.assets.length, 2);
    assert.equal(result.content.filter((block) => block.type === 'resource_link').length, 2);
    assert.ok(result.content.filter((block) => block.type === 'image').length <= 1);
  });

  await check(`${label}: failures tell what to do`, async () => {
    const misspelt = await fails('edit_image', { action: 'upscal', images: cutout.asset_id });
    assert.deepEqual([misspelt.code, misspelt.field], ['invalid_argument', 'action']);
    assert.ok(misspelt.message.includes('upscale'));
    const missing = await fails('assets', { action: 'get', asset_id: 'ast_00000000000000000000000000' });
    assert.equal(missing.code, 'not_found');
    const wrong = await fails('edit_image', { action: 'upscale', images: cutout.asset_id, scale: '7' });
    assert.deepEqual([wrong.code, wrong.field], ['invalid_argument', 'scale']);
    const nobody = await fails('get_job_status', { job_id: 'nonsense' });
    assert.equal(nobody.code, 'not_found');
  });

  await check(`${label}: an unknown tool is a protocol error`, async () => {
    await assert.rejects(
      client.call('no_such_tool', {}),
      (error) => client.isProtocolError(error, -32602) || assert.fail(String(error)),
    );
  });
}
