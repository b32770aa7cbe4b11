// The pages of the five services on their own addresses: the official AppBridge as in widgets.mjs, and behind it the real studio at
// /mcp/krea, /mcp/pixola, /mcp/pixelcut, /mcp/pixa and /mcp/aiphotogenerator. Nothing is written out here.
import assert from 'node:assert/strict';
import { getToolUiResourceUri, isToolVisibilityAppOnly } from '@modelcontextprotocol/ext-apps/app-bridge';
import { base, check, finish, key } from './checks.mjs';
import { dataUri, disc } from './picture.mjs';
import {
  button, call, connect, end, hasPictures, inner, input, isSound, list, page, plainCall, read, says, seen, show, text, tools, until,
} from './widgets/stage.mjs';

/** Work that a program built for tests takes a while. */
const SLOW_MS = 120_000;
const MODEL = 'image/aquatint/scene-preview';
/** Which tool of which service has which page. */
const PAGES = {
  krea: { list_models: 'models', get_model_schema: 'form', generate: 'job-result-frame', execute_node_app: 'job-result-frame', get_job: 'job-result-frame', get_upload_url: 'upload' },
  pixola: { generate_image: 'form', list_models: 'models', check_credits: 'account', list_images: 'gallery', get_image: 'gallery' },
  pixelcut: { edit_image: 'job', generate_media: 'job', display: 'gallery', models: 'models', account: 'account', share_links: 'share', upload: 'upload', pipelines: 'pipeline', display_pipeline: 'pipeline' },
  aiphotogenerator: { generate_image: 'form', list_models: 'models' },
};
PAGES.pixa = PAGES.pixelcut;
const at = (service) => connect(`${base}/mcp/${service}`, key);
/** Shows the page that a tool of this service names, as a host does that listed the tools. */
async function open(tool) {
  const definition = (await tools()).find((one) => one.name === tool);
  await show('', { uri: getToolUiResourceUri(definition), tool });
}
const called = async () => (await seen()).calls.map((one) => one.name);
const sizes = () => inner().evaluate(() => [...document.images].map((one) => `${one.naturalWidth}×${one.naturalHeight}`));

await check('surface widgets: every tool of every service names the page that it should, with an icon that is there', async () => {
  for (const [service, pages] of Object.entries(PAGES)) {
    assert.equal(await at(service), '2026-07-28', service);
    const [all, uris] = [await tools(), new Set((await list()).map((one) => one.uri))];
    const named = Object.fromEntries(all.map((tool) => [tool.name, getToolUiResourceUri(tool)]).filter(([, uri]) => uri));
    assert.deepEqual(Object.keys(named).sort(), Object.keys(pages).sort(), service);
    for (const [tool, uri] of Object.entries(named)) {
      assert.ok(uri.endsWith(`/${pages[tool]}`) && uris.has(uri), `${service} ${tool}: ${uri}`);
      assert.equal((await read(uri)).mimeType, 'text/html;profile=mcp-app');
    }
    assert.deepEqual(all.filter(isToolVisibilityAppOnly).map((tool) => tool.name), ['asset_preview', 'upload_data'], service);
    for (const tool of all) {
      assert.equal(tool.icons?.length, 1, `${service} ${tool.name} has no icon`);
      const icon = await fetch(tool.icons[0].src);
      assert.equal(icon.status, 200, tool.icons[0].src);
      assert.match(icon.headers.get('content-type'), /^image\/svg\+xml/);
      assert.match(await icon.text(), /^<svg [^]*<\/svg>$/);
    }
  }
});

// ── Krea

await check('surface widgets: Krea: a job goes from the order to the pictures by get_job', async () => {
  await at('krea');
  await open('generate');
  const args = { model: MODEL, prompt: 'A quiet harbour at dusk', width: 512, height: 288, num_images: 2 };
  await call('generate', args);
  await hasPictures(2, SLOW_MS);
  const names = await called();
  assert.ok(names.length > 0 && names.every((name) => name === 'get_job'), String(names));
  assert.deepEqual(await sizes(), ['512×288', '512×288']);
  await says('Ready');
  await isSound('krea-job');
  await inner().locator('.cell').first().hover();
  await inner().locator('[data-key="use-0"]').click();
  const told = await until('the model hears of it', async () => (await seen()).contexts.at(-1));
  assert.match(told.structuredContent.asset_ids[0] ?? told.content[0].text, /ast_|\/media\//);
  await button('Again').click();
  await until('the order is repeated', async () => (await called()).includes('generate'));
  await until('new pictures', async () => (await inner().locator('.cell img').count()) === 2, SLOW_MS);
  await hasPictures(2);
});

await check('surface widgets: Krea: a job in work is cancelled at the server, and a refusal is told', async () => {
  await open('generate');
  const harbour = (await plainCall('upload_asset', { url: dataUri(disc(320, 240, 41)) })).structuredContent.image_url;
  await call('generate', { model: 'video/aquatint/pan-zoom', prompt: 'x', start_image: harbour, duration: 10, width: 1280, height: 720 });
  await button('Cancel').click();
  await says(/Cancelled/);
  const { job_id: id } = (await seen()).calls.find((one) => one.name === 'cancel_job').arguments;
  assert.equal((await plainCall('get_job', { jobId: id })).structuredContent.status, 'cancelled');
  await isSound('krea-cancelled', { dark: false });
  await open('generate');
  await call('generate', { model: 'image/none/such', prompt: 'x' });
  await inner().getByRole('alert').waitFor();
  await isSound('krea-refused', { dark: false });
});

await check('surface widgets: Krea: a schema is a form, and so is a model of the list; both make pictures', async () => {
  await open('get_model_schema');
  await call('get_model_schema', { model: MODEL });
  await inner().getByRole('textbox', { name: /Prompt/ }).fill('A red chair');
  await isSound('krea-form');
  await button('Generate').click();
  await hasPictures(1, SLOW_MS);
  assert.equal((await called())[0], 'generate');
  await button('Back').click();
  assert.equal(await inner().getByRole('textbox', { name: /Prompt/ }).inputValue(), 'A red chair', 'what was written is gone');
  await open('list_models');
  await call('list_models', {});
  await isSound('krea-models', { dark: false });
  await inner().getByRole('button', { name: /Scene preview/i }).first().click();
  await inner().getByRole('textbox', { name: /Prompt/ }).fill('A blue chair');
  await button('Generate').click();
  await hasPictures(1, SLOW_MS);
  const names = await called();
  assert.deepEqual(names.slice(0, 2), ['get_model_schema', 'generate'], String(names));
});

// ── Pixola

await check('surface widgets: Pixola: a call that waits shows its place, then the batch, then a form for another', async () => {
  await at('pixola');
  await open('generate_image');
  const args = { prompt: 'A neon city', shape: 'landscape-wide', style: 'watercolor', count: 3 };
  await input(args);
  assert.equal(await inner().locator('.developing').count(), 3, 'a place for each');
  await call('generate_image', args);
  await hasPictures(3, SLOW_MS);
  await says('Ready');
  await isSound('pixola-batch');
  await button('Use all in chat').click();
  const told = await until('the model hears of it', async () => (await seen()).contexts.at(-1));
  assert.equal(told.structuredContent.asset_ids.length, 3, JSON.stringify(told));
  await button('Back').click();
  const prompt = inner().getByRole('textbox', { name: /Prompt/ });
  assert.equal(await prompt.inputValue(), 'A neon city');
  await until('the styles are there', async () => (await inner().locator('[name="style"] option').count()) > 50);
  await until('the shapes are there', async () => (await inner().locator('[name="shape"] option').count()) > 4);
  assert.equal(await inner().locator('[name="style"]').inputValue(), 'watercolor', 'the style is forgotten');
  await isSound('pixola-form');
  await prompt.fill('A quiet city');
  await inner().getByRole('radio', { name: 'hd' }).click();
  await button('Generate').click();
  await hasPictures(3, SLOW_MS);
  const order = (await seen()).calls.find((one) => one.name === 'generate_image').arguments;
  assert.deepEqual([order.prompt, order.quality, order.count], ['A quiet city', 'hd', 3], JSON.stringify(order));
});

await check('surface widgets: Pixola: credits, recent images and one image', async () => {
  await open('check_credits');
  await call('check_credits', {});
  await says(/No limit|Plan/);
  assert.deepEqual(await called(), [], 'it asks for tools that Pixola has not');
  await isSound('pixola-credits', { dark: false });
  await open('list_images');
  await call('list_images', { limit: 10 });
  await hasPictures(4);
  await isSound('pixola-gallery', { dark: false });
  const { images } = (await plainCall('list_images', { limit: 1 })).structuredContent;
  await open('get_image');
  await call('get_image', { imageId: images[0].imageId });
  await hasPictures(1);
  await open('list_models');
  await call('list_models', {});
  await inner().getByRole('button', { name: /Scene preview/i }).first().waitFor();
  assert.doesNotMatch(await text(), /\[object/);
  await isSound('pixola-models', { dark: false });
});

// ── Pixelcut and Pixa

for (const service of ['pixelcut', 'pixa']) {
  await check(`surface widgets: ${service}: an edit is compared with what it was made from`, async () => {
    await at(service);
    const picture = (await plainCall('upload', { method: 'url', url: dataUri(disc(320, 240, service.length)) })).structuredContent.asset_id;
    await open('edit_image');
    await call('edit_image', { action: 'upscale', images: picture, scale: '2' });
    await hasPictures(1, SLOW_MS);
    await button('Full screen').click();
    const slider = inner().getByRole('slider', { name: /How much of the picture before/ });
    await slider.waitFor();
    await hasPictures(2);
    await slider.focus();
    for (let step = 0; step < 10; step += 1) await slider.press('ArrowRight');
    assert.equal(await slider.getAttribute('aria-valuetext'), '60 % before');
    await isSound(`${service}-compare`, { dark: service === 'pixa' });
    await inner().locator('body').press('Escape');
    await until('it is small again', async () => (await seen()).modes.at(-1) === 'inline');
    await open('display');
    await call('display', {});
    await hasPictures(2);
  });
}

// ── AIPhotoGenerator

await check('surface widgets: AIPhotoGenerator: the image is shown, and its form makes another', async () => {
  await at('aiphotogenerator');
  await open('generate_image');
  const args = { prompt: 'A cup', width: 512, height: 640 };
  await input(args);
  const ratio = await inner().evaluate(() => { const one = document.querySelector('.developing'); return one.clientWidth / one.clientHeight; });
  assert.ok(Math.abs(ratio - 0.8) < 0.02, `the place is ${ratio}`);
  await call('generate_image', args);
  await hasPictures(1, SLOW_MS);
  await says('Ready');
  assert.deepEqual(await sizes(), ['512×640']);
  await isSound('aiphotogenerator-image');
  await button('Use in chat').click();
  await until('the model hears of it', async () => (await seen()).contexts.at(-1)?.structuredContent.asset_ids[0]?.startsWith('ast_'));
  await button('Back').click();
  await inner().getByRole('textbox', { name: /Prompt/ }).fill('A vase');
  await isSound('aiphotogenerator-form', { dark: false });
  await button('Generate').click();
  await hasPictures(1, SLOW_MS);
  await open('list_models');
  await call('list_models', {});
  await inner().getByRole('button', { name: /Scene preview/i }).first().click();
  const told = await until('the model hears of the choice', async () => (await seen()).contexts.at(-1));
  assert.ok(told.structuredContent.model, JSON.stringify(told));
  await isSound('aiphotogenerator-models', { dark: false });
});

await page.close();
await end();
finish();
