// The pages that clients show in a conversation, in a real host: the official AppBridge and client in Chromium, the widget in a frame
// without an origin on a second site that sends the policy. What can be had from the real server comes from there; states that it does not
// hold still for are written out.
import assert from 'node:assert/strict';
import { McpUiResourceMetaSchema, McpUiToolMetaSchema, getToolUiResourceUri, isToolVisibilityAppOnly } from '@modelcontextprotocol/ext-apps/app-bridge';
import { base, check, endpoint, finish, key } from './checks.mjs';
import { dataUri, disc } from './picture.mjs';
import {
  answer, button, call, change, connect, end, hasPictures, inner, input, isSound, list, page, pause, plainCall, read, result, says, seen, show, teardown, text,
  tools, until, wrong,
} from './widgets/stage.mjs';

const NAMES = ['job', 'gallery', 'models', 'account', 'form', 'share', 'upload', 'pipeline'];
const MAX_BYTES = 60_000;
/** Work that takes a program built for tests a while. */
const SLOW_MS = 120_000;
const MODEL = 'image/aquatint/scene-preview';
const job = (status, more = {}) => ({
  job_id: 'job_1', status, operation: 'generate.media', model: MODEL, progress: 0, outputs: [], price_credits: 4, created_at: '2026-11-22T00:00:00Z', ...more,
});
const succeeded = async (name, args) => {
  const told = await plainCall(name, args);
  assert.ok(!told.isError, `${name}: ${JSON.stringify(told.structuredContent)}`);
  return told.structuredContent;
};
const lastCall = async () => (await seen()).calls.at(-1);

await check('widgets: a client that shows pages is told of them, in both eras', async () => {
  for (const [era, version] of [['legacy', '2025-11-25'], ['auto', '2026-07-28']]) {
    assert.equal(await connect(endpoint, key, era), version);
    const all = await tools();
    const uris = new Set((await list()).map((one) => one.uri));
    for (const tool of all) {
      if (tool._meta?.ui) McpUiToolMetaSchema.parse(tool._meta.ui);
      const uri = getToolUiResourceUri(tool);
      assert.ok(uri === undefined || uris.has(uri), `${tool.name} names ${uri}, which is not listed`);
    }
    assert.equal(getToolUiResourceUri(all.find((tool) => tool.name === 'generate_media')), 'ui://aquatint/job');
    assert.deepEqual(all.filter(isToolVisibilityAppOnly).map((tool) => tool.name), ['asset_preview', 'upload_data'], era);
  }
  const plain = await (await fetch(endpoint, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{"method":"tools/list"}' })).json();
  assert.ok(!JSON.stringify(plain).includes('ui://'), 'a bare client is told of pages');
});

/** Pictures that are there from the beginning. */
const assets = [];
for (const [width, height, title] of [[320, 240, 'Blue disc'], [240, 240, 'Square'], [200, 320, 'Tall'], [480, 270, 'Wide']]) {
  assets.push(await succeeded('upload', { action: 'url', url: dataUri(disc(width, height, assets.length)), title }));
}

await check('widgets: every page is small, whole, and says what it may reach', async () => {
  for (const uri of [...NAMES.map((name) => `ui://aquatint/${name}`), 'ui://krea-public-api/job-result-frame']) {
    const contents = await read(uri);
    assert.ok(Buffer.byteLength(contents.text) < MAX_BYTES, `${uri} has ${Buffer.byteLength(contents.text)} bytes`);
    const { csp } = McpUiResourceMetaSchema.parse(contents._meta.ui);
    assert.deepEqual(csp, { connectDomains: [base], resourceDomains: [base] }, uri);
  }
});

// ── Jobs

await check('widgets: a job is shown from the wish to the picture, by polling on its own', async () => {
  await show('job', { tool: 'generate_media' });
  const args = { model: MODEL, prompt: 'A quiet harbour at dusk', width: 512, height: 288, count: 2 };
  await input({ prompt: 'A quiet har' }, false);
  await says('Writing the request');
  await input(args);
  const ratios = await inner().evaluate(() => [...document.querySelectorAll('.developing')].map((one) => one.clientWidth / one.clientHeight));
  assert.equal(ratios.length, 2, 'a tile for each result');
  for (const ratio of ratios) assert.ok(Math.abs(ratio - 16 / 9) < 0.02, `the tile is ${ratio}`);
  await isSound('job-loading');
  await call('generate_media', args);
  await hasPictures(2, SLOW_MS);
  const { calls } = await seen();
  assert.ok(calls.every((one) => one.name === 'get_job_status') && calls.length > 0, JSON.stringify(calls));
  await says('Ready');
  await isSound('job-grid');
});

await check('widgets: results are used, saved, and made again', async () => {
  await inner().locator('.cell').first().hover();
  await inner().locator('[data-key="use-0"]').click();
  const told = await until('the model hears of it', async () => (await seen()).contexts.at(-1));
  const [id] = told.structuredContent.asset_ids;
  assert.match(id, /^ast_/);
  assert.ok(told.content[0].text.includes(id), 'the words do not name it');
  await inner().locator('[data-key="save-0"]').click();
  const link = await until('a link is opened', async () => (await seen()).links[0]);
  assert.ok(link.startsWith(`${base}/media/${id}/`), link);
  assert.equal((await fetch(link)).status, 200);
  await button('Use all in chat').click();
  await until('two are told', async () => (await seen()).contexts.at(-1).structuredContent.asset_ids.length === 2);
  await button('Again').click();
  await until('the call is repeated', async () => (await seen()).calls.some((one) => one.name === 'generate_media' && one.arguments.prompt === 'A quiet harbour at dusk'));
  await until('new results', async () => (await inner().locator('.cell img').count()) === 2, SLOW_MS);
  await hasPictures(2);
});

await check('widgets: an edit is compared with what it was made from, in full and by keys', async () => {
  await show('job', { tool: 'edit_image' });
  await call('edit_image', { action: 'upscale', images: assets[0].asset_id, scale: '2' });
  await hasPictures(1);
  await button('Full screen').click();
  await until('the host was asked', async () => (await seen()).modes[0] === 'fullscreen');
  const slider = inner().getByRole('slider', { name: /How much of the picture before/ });
  await slider.waitFor();
  await hasPictures(2);
  const cut = () => inner().evaluate(() => getComputedStyle(document.querySelector('.compare .before')).clipPath);
  const middle = await cut();
  await slider.focus();
  for (let step = 0; step < 10; step += 1) await slider.press('ArrowRight');
  assert.notEqual(await cut(), middle, 'the edge does not move');
  assert.equal(await slider.getAttribute('aria-valuetext'), '60 % before');
  const place = await slider.boundingBox();
  await page.mouse.click(place.x + place.width * 0.25, place.y + place.height / 2);
  assert.equal(await slider.inputValue(), '25', 'a click moves the edge');
  await isSound('job-compare-full');
  await inner().locator('body').press('Escape');
  await until('it is small again', async () => (await seen()).modes.at(-1) === 'inline');
});

await check('widgets: a job in work tells progress and stage and is cancelled at the server', async () => {
  await show('job', { tool: 'generate_media' });
  await call('generate_media', { model: 'video/aquatint/pan-zoom', prompt: 'x', images: [assets[0].asset_id], duration_seconds: 10, width: 1280, height: 720 });
  await until('progress is told', async () => Number(await inner().getByRole('progressbar').getAttribute('aria-valuenow')) > 0, SLOW_MS);
  await isSound('job-running', { dark: false });
  await button('Cancel').click();
  await says('Nothing was charged.');
  const { job_id: id } = (await seen()).calls.find((one) => one.name === 'cancel_job').arguments;
  assert.equal((await succeeded('get_job_status', { job_id: id })).status, 'cancelled');
  await isSound('job-cancelled');
});

await check('widgets: a refusal is told with what to do, and a job that fails with why', async () => {
  await show('job', { tool: 'edit_image' });
  await call('edit_image', { action: 'upscale', images: 'ast_00000000000000000000000000' });
  await inner().getByRole('alert').waitFor();
  assert.match(await text(), /not_found/);
  await button('Try again').waitFor();
  await isSound('job-refused', { dark: false });
  await show('job', { tool: 'edit_image', answers: { get_job_status: [answer(job('failed', { error: { code: 'vendor_failed', message: 'The vendor refused the prompt.', hint: 'Say it another way.' } }))] } });
  await input({ action: 'upscale', images: 'ast_1' });
  await result(job('running', { progress: 0.3 }));
  await says('The vendor refused the prompt.');
  await says('Say it another way.');
  await result({ code: 'insufficient_credits', message: 'This costs 4 credits and the balance is 1.', upgrade_url: 'https://studio.example.com/plans' }, { isError: true });
  await button('See plans and credits').click();
  await until('the plans are opened', async () => (await seen()).links[0] === 'https://studio.example.com/plans');
  await isSound('job-failed');
});

await check('widgets: polling slows down, survives silence, and stops when the widget goes', async () => {
  await show('job', { tool: 'generate_media', answers: { get_job_status: ['silence', answer(job('running', { progress: 0.5, stage: 'sampling' }))] } });
  await input({ prompt: 'x', model: MODEL });
  await result(job('queued'));
  await says('Sampling');
  await until('four polls', async () => (await seen()).calls.length >= 4, 30_000);
  const times = (await seen()).calls.map((one) => one.at);
  const gaps = times.slice(2).map((time, place) => time - times[place + 1]);
  assert.ok(gaps.at(-1) > gaps[0], `it polls ever as often: ${gaps}`);
  await teardown();
  const count = (await seen()).calls.length;
  await pause(4_000);
  assert.equal((await seen()).calls.length, count, 'it polls after its end');
});

await check('widgets: the same page serves Krea and Pixola, with their own tools', async () => {
  const url = assets[0].url;
  await show('', { uri: 'ui://krea-public-api/job-result-frame', tool: 'generate', answers: {
    get_job: [answer({ job_id: 'k1', status: 'sampling' }), answer({ job_id: 'k1', status: 'completed', result: { urls: [url] } })], cancel_job: [answer({ job_id: 'k1', deleted: true })],
  } });
  await input({ model: MODEL, prompt: 'x', width: 1024, height: 512 });
  await result({ job_id: 'k1', status: 'backlogged', created_at: '2026-11-22T00:00:00Z' });
  await button('Cancel').waitFor();
  await hasPictures(1);
  assert.deepEqual((await seen()).calls.map((one) => [one.name, one.arguments]), Array(2).fill(['get_job', { jobId: 'k1' }]));
  await isSound('job-krea', { dark: false });
  await show('job', { tool: 'generate_image', answers: { get_batch: [answer({ batchId: 'b1', status: 'complete', images: [{ id: 'i1', title: 'A', url }, { id: 'i2', title: 'B', url }] })] } });
  await input({ prompt: 'x', shape: 'portrait-tall' });
  await result({ batchId: 'b1', status: 'processing' });
  await hasPictures(2);
  assert.deepEqual((await lastCall()).arguments, { batchId: 'b1' });
});

await check('widgets: where the host keeps media out, pictures come in words', async () => {
  await show('job', { tool: 'edit_image', csp: {} });
  await call('edit_image', { action: 'crop', images: assets[0].asset_id, x: 0, y: 0, width: 64, height: 64 });
  await until('the picture is there', () => inner().evaluate(() => [...document.images].some((one) => one.src.startsWith('data:image/webp') && one.naturalWidth > 0)));
  assert.ok((await seen()).calls.some((one) => one.name === 'asset_preview'));
  await isSound('job-in-words', { dark: false, complaints: [/Content Security Policy/, /policy: img-src/] });
  await show('job', { tool: 'edit_image', csp: {}, fail: ['asset_preview'] });
  await call('edit_image', { action: 'crop', images: assets[0].asset_id, x: 0, y: 0, width: 64, height: 65 });
  await says('Cannot be shown here');
});

await check('widgets: videos play, and full screen is offered only where the host has it', async () => {
  await show('job', { tool: 'generate_media', modes: ['inline'], capabilities: { serverTools: {} } });
  await call('generate_media', { model: 'video/aquatint/pan-zoom', prompt: 'x', images: [assets[0].asset_id], duration_seconds: 1, width: 320, height: 240 });
  const kind = await until('something plays', () => inner().evaluate(() => {
    const video = document.querySelector('video');
    return video ? video.readyState >= 1 && 'video' : document.images[0]?.naturalWidth > 0 && 'picture';
  }), SLOW_MS);
  assert.equal(kind, 'video');
  await inner().evaluate(() => { document.querySelector('video').currentTime = 0.4; });
  await change({ theme: 'dark' });
  await pause(200);
  assert.ok(await inner().evaluate(() => document.querySelector('video').currentTime) > 0.3, 'it starts again when the page is drawn anew');
  for (const name of ['Full screen', 'Download', 'Use in chat']) assert.equal(await button(name).count(), 0, `${name} cannot work here`);
  await isSound('job-video', { dark: false });
});

await check('widgets: words of others are words, and other windows are not listened to', async () => {
  const evil = '<img src=x onerror="window.hacked=1"><b>bold</b>';
  await show('job', { tool: 'generate_media', answers: {} });
  await input({ prompt: evil, model: MODEL });
  await result(job('failed', { error: { code: 'x', message: evil, hint: evil } }));
  await says('<b>bold</b>');
  assert.equal(await inner().evaluate(() => window.hacked ?? document.querySelectorAll('main b, main img').length), 0);
  await inner().evaluate(() => window.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/tool-result', params: { structuredContent: { status: 'cancelled', operation: 'x' } } }, '*'));
  await pause(200);
  assert.match(await text(), /Failed/);
  assert.equal(await inner().evaluate(() => { try { return String(window.localStorage); } catch { return window.origin; } }), 'null', 'the frame has an origin');
  assert.deepEqual(wrong.filter((one) => !one.includes('localStorage')), []);
});

// ── The library

await check('widgets: the gallery shows, selects and hands over', async () => {
  await succeeded('collections', { action: 'create', name: 'Product shots', asset_ids: assets.slice(0, 3).map((one) => one.asset_id) });
  await show('gallery', { tool: 'display' });
  await call('display', {});
  await hasPictures(5);
  await isSound('gallery');
  const tiles = inner().locator('.tile');
  await tiles.first().focus();
  await tiles.first().press('Space');
  await inner().locator('body').press('ArrowRight');
  await inner().evaluate(() => document.activeElement.click());
  await says('2 selected');
  await isSound('gallery-selection');
  await inner().getByRole('textbox', { name: 'What should happen with the selection' }).fill('Make them warmer');
  await button('Ask').click();
  const said = await until('it is said', async () => (await seen()).messages[0]);
  assert.equal(said.role, 'user');
  assert.match(said.content[0].text, /^Make them warmer: ast_\w+, ast_\w+$/);
  await tiles.nth(1).click();
  const box = inner().getByRole('dialog');
  await box.waitFor();
  await hasPictures(1);
  await isSound('gallery-one');
  const name = await box.getByRole('heading').innerText();
  await box.press('ArrowRight');
  assert.notEqual(`${await box.innerText()}`.includes('2 of'), true, name);
  await box.press('Escape');
  assert.equal(await box.count(), 0);
  await button('Collections').click();
  await until('the collection', async () => (await inner().getByRole('button', { name: /Product shots/ }).count()) > 0);
  await inner().getByRole('button', { name: /Product shots/ }).first().click();
  await says('3 images');
  await hasPictures(3);
  await isSound('gallery-collection', { dark: false });
});

await check('widgets: models are found, become a form with a price, and the form a picture', async () => {
  await show('models', { tool: 'models' });
  await call('models', { action: 'list' });
  await inner().getByRole('button', { name: /Scene preview/i }).first().waitFor();
  await isSound('models');
  await inner().getByRole('button', { name: /Pan and zoom/i }).click();
  await hasPictures(4);
  await inner().locator('.pick').nth(1).click();
  assert.equal(await inner().locator('.pick[aria-pressed="true"]').count(), 1);
  await isSound('form');
  await button('All models').click();
  await inner().getByRole('button', { name: /Scene preview/i }).click();
  await button('Generate').click();
  await says('This is needed.');
  await inner().getByRole('textbox', { name: /Prompt/ }).fill('A red chair');
  await inner().getByRole('radio', { name: '1:1' }).click();
  await until('the price', async () => /Costs [\d.]+ credit/.test(await text()));
  assert.equal((await seen()).calls.filter((one) => one.arguments.dry_run).length > 0, true);
  await button('Generate').click();
  await hasPictures(1, SLOW_MS);
  await says('Ready');
  const placed = (await seen()).calls.find((one) => one.name === 'generate_media' && !one.arguments.dry_run);
  assert.equal(placed.arguments.model, MODEL);
  await button('Back').click();
  await inner().locator('.model').first().waitFor();
});

await check('widgets: a schema of Krea is a form too', async () => {
  await show('form', { tool: 'get_model_schema', answers: { generate: [answer({ job_id: 'k', status: 'completed', result: { urls: [assets[0].url] } })] } });
  await input({ model: 'image/vendor/model' });
  await result({ model: 'image/vendor/model', schema: { type: 'object', required: ['prompt'], properties: {
    prompt: { type: 'string' }, aspect_ratio: { enum: ['1:1', '16:9'] }, steps: { type: 'integer', minimum: 1, maximum: 50, default: 28 }, draft: { type: 'boolean' },
  } } });
  await inner().getByRole('textbox', { name: /Prompt/ }).fill('A red chair');
  await inner().getByRole('radio', { name: '16:9' }).click();
  await inner().getByText('More settings').click();
  await inner().getByRole('switch', { name: 'Draft' }).check();
  await isSound('form-krea');
  await button('Generate').click();
  await hasPictures(1);
  assert.deepEqual((await seen()).calls[0].arguments, { model: 'image/vendor/model', prompt: 'A red chair', aspect_ratio: '16:9', draft: true });
});

await check('widgets: the account shows the balance, the days and what it went to', async () => {
  await show('account', { tool: 'account' });
  await call('account', { action: 'credits' });
  await says('Last 30 days');
  await says('Spent on');
  await until('a bar for today', () => inner().locator('rect.day').evaluateAll((all) => all.length === 30 && Number(all.at(-1).getAttribute('height')) > 0));
  await inner().locator('[data-key="operation"]').click();
  await says('Media');
  await isSound('account');
});

await check('widgets: a share link is a card that can be copied, opened and seen into', async () => {
  await show('share', { tool: 'share_links' });
  await call('share_links', { action: 'create', asset_ids: assets.slice(0, 3).map((one) => one.asset_id), title: 'For the printer', expires_in_days: 7 });
  await hasPictures(3);
  const link = await inner().getByRole('textbox', { name: 'The link' }).inputValue();
  assert.ok(link.startsWith(`${base}/s/`), link);
  await button('Open').click();
  await until('it is opened', async () => (await seen()).links[0] === link);
  await button('Copy').click();
  await inner().locator('.notice').waitFor();
  await isSound('share');
  await call('share_links', { action: 'list' });
  await button('Copy link').first().waitFor();
  await isSound('share-list', { dark: false });
});

await check('widgets: a dropped file goes straight into the workspace, and the model hears of it', async () => {
  await show('upload', { tool: 'upload' });
  await call('upload', { action: 'upload_url' });
  await says('Drop images here');
  await isSound('upload');
  const file = disc(240, 180, 21);
  await inner().evaluate((bytes) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], 'mug.png', { type: 'image/png' }));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [...file]);
  await says('In the workspace');
  const told = await until('the model hears of it', async () => (await seen()).contexts[0]);
  const id = told.structuredContent.asset_ids[0];
  assert.equal((await succeeded('assets', { action: 'get', asset_id: id })).title, 'mug');
  assert.ok(!(await seen()).calls.some((one) => one.name === 'upload_data'), 'it went straight');
  await inner().locator('input[type=file]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('no picture') });
  await inner().locator('.file.failed').waitFor();
  await hasPictures(1);
  await isSound('upload-done', { complaints: [/status of 4\d\d/] });
  await show('upload', { tool: 'upload', csp: { resourceDomains: [base] } });
  await call('upload', { action: 'upload_url' });
  await inner().locator('input[type=file]').setInputFiles({ name: 'walled.png', mimeType: 'image/png', buffer: disc(200, 150, 22) });
  await says('In the workspace');
  assert.ok((await seen()).calls.some((one) => one.name === 'upload_data' && one.arguments.title === 'walled'), 'it went by the host');
});

await check('widgets: a pipeline is a graph to move about in, and its run goes through it', async () => {
  const graph = {
    nodes: [
      { id: 'photo', type: 'input.image', alias: 'product' }, { id: 'white', type: 'edit.replace_background', settings: { background: '#ffffff' } },
      { id: 'wide', type: 'edit.expand', settings: { aspect_ratio: '16:9' } }, { id: 'small', type: 'edit.resize', settings: { width: 256 } }, { id: 'banner', type: 'output' },
    ],
    edges: [{ from: 'photo', to: 'white' }, { from: 'white', to: 'wide' }, { from: 'white', to: 'small' }, { from: 'wide', to: 'banner' }],
  };
  const { pipeline_id: id } = await succeeded('pipelines', { action: 'create', name: 'Hero banner', graph });
  await show('pipeline', { tool: 'display_pipeline' });
  await call('display_pipeline', { pipeline_id: id });
  const node = (name) => inner().locator(`[data-node="${name}"]`);
  await node('photo').waitFor();
  await node('photo').focus();
  const down = await inner().evaluate(() => { const at = (name) => document.querySelector(`[data-node="${name}"]`).getBoundingClientRect(); return at('white').top > at('photo').bottom; });
  await inner().locator('body').press(down ? 'ArrowDown' : 'ArrowRight');
  assert.equal(await inner().evaluate(() => document.activeElement.dataset.node), 'white', 'arrows follow the graph');
  await inner().locator('body').press('Enter');
  await says('#ffffff');
  const zoom = () => inner().evaluate(() => document.querySelector('.graph > g').getAttribute('transform'));
  const before = await zoom();
  await button('Zoom in').click();
  assert.notEqual(await zoom(), before);
  const board = await inner().locator('.graph').boundingBox();
  const zoomed = await zoom();
  await page.mouse.move(board.x + 20, board.y + 20);
  await page.mouse.down();
  await page.mouse.move(board.x + 80, board.y + 60, { steps: 4 });
  await page.mouse.up();
  assert.notEqual(await zoom(), zoomed, 'it cannot be moved');
  await button('Fit').click();
  await isSound('pipeline');
  await button('Ask to run').click();
  await until('it is said', async () => (await seen()).messages[0]?.content[0].text.includes(id));
  await show('pipeline', { tool: 'pipelines' });
  await call('pipelines', { action: 'run', pipeline_id: id, inputs: { product: assets[0].asset_id } });
  await until('every node is done', async () => (await inner().locator('.node[data-state="done"]').count()) === graph.nodes.length, SLOW_MS);
  await hasPictures(1);
  await button('Use in chat').click();
  await until('the model hears of it', async () => (await seen()).contexts[0]?.structuredContent.run_id);
  await isSound('pipeline-run');
  await call('pipelines', { action: 'list' });
  await inner().getByRole('button', { name: /Hero banner/ }).first().waitFor();
  await isSound('pipeline-list', { dark: false });
});

await check('widgets: every page waits well, fits a narrow window and takes a failure', async () => {
  await page.setViewportSize({ width: 360, height: 640 });
  for (const name of NAMES) {
    await show(name, { tool: name === 'form' ? 'get_model_schema' : undefined, answers: {} });
    await isSound(`narrow-${name}-waiting`, { dark: false });
    await result({ code: 'unavailable', message: `The ${name} is not to be had now.`, hint: 'Try again in a moment.' }, { isError: true });
    await says(`The ${name} is not to be had now.`);
    await isSound(`narrow-${name}-failed`, { dark: false });
    assert.equal(await inner().evaluate(() => document.getAnimations().length), 0, `${name} moves though motion is not wanted`);
    await change({ theme: 'dark' });
    await teardown();
  }
  await page.setViewportSize({ width: 800, height: 700 });
});

await end();
finish();
