// The editor of pipelines as a person meets it, in a real browser against a new server: a hero banner built from nothing, run on three
// photographs, changed, saved, restored, taken along as a file; with the mouse, and once with the keyboard alone.
// The checks build on one another, in this order; each says what it saw when it fails.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { api, browser, button, isSound, send, setUp, visitor } from './browser.mjs';
import { base, check, finish } from './checks.mjs';
import { disc } from './picture.mjs';

const ada = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' };
const RUN_MS = 90_000;
/** Photographs where they are at hand; drawn discs elsewhere. */
const { AQUATINT_SAMPLES: samples } = process.env;
const photographs = ['coffee.png', 'chelsea.png', 'rocket.jpg'].map((name, index) => {
  const path = samples ? join(samples, name) : '';
  const found = existsSync(path);
  if (!found) console.log(`# ${name} is not at hand (AQUATINT_SAMPLES): a drawn disc stands in for it`);
  return found
    ? { name: basename(path), mimeType: name.endsWith('png') ? 'image/png' : 'image/jpeg', buffer: readFileSync(path) }
    : { name: `disc ${index}.png`, mimeType: 'image/png', buffer: disc(420, 300, index * 60) };
});

const person = (options) => visitor({ prefix: 'pipelines-', viewport: { width: 1440, height: 900 }, ...options });
const page = await person();
await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);

const node = (where, title) => where.locator('.svelte-flow__node').filter({ has: where.getByText(title, { exact: true }) }).first();
const nodes = (where) => where.locator('.svelte-flow__node');
const edges = (where) => where.locator('.svelte-flow__edge');
const output = (where, title, name) => node(where, title).getByRole('button', { name: new RegExp(`^Output ${name},`) });
const input = (where, title, name) => node(where, title).getByRole('button', { name: new RegExp(`^Input ${name},`) });
const palette = (where) => where.getByPlaceholder('Add a node…');
const panel = (where) => where.getByRole('tabpanel');
const faults = (where) => where.getByRole('button', { name: /^\d+ faults?$/ });
const status = (where, name) => panel(where).locator(`[data-status=${name}]`);

async function open(where, path) {
  await where.goto(`${base}/app${path}`);
  await where.locator('h1').first().waitFor({ state: 'attached' });
}
async function counts(where, howMany, joins) {
  const [is, are] = [() => nodes(where).count(), () => edges(where).count()];
  await where.waitForFunction(([wanted, joined]) => document.querySelectorAll('.svelte-flow__node').length === wanted
    && document.querySelectorAll('.svelte-flow__edge').length === joined, [howMany, joins], { timeout: 5_000 })
    .catch(async () => assert.deepEqual([await is(), await are()], [howMany, joins], 'nodes and connections'));
}
/** From the list onto the canvas, at this place within it. */
async function drag(where, words, x, y) {
  await palette(where).fill(words);
  const entry = where.getByRole('complementary', { name: 'Node types' }).getByRole('button').first();
  await entry.dragTo(where.locator('.canvas'), { targetPosition: { x, y } });
}
async function draw(where, from, to) {
  const [begin, end] = [await from.boundingBox(), await to.boundingBox()];
  await where.mouse.move(begin.x + begin.width / 2, begin.y + begin.height / 2);
  await where.mouse.down();
  await where.mouse.move(begin.x + 40, begin.y + 20, { steps: 4 });
  await where.mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 8 });
  await where.mouse.up();
}
async function save(where, version) {
  await button(where, 'Save').click();
  await where.getByText(`Saved as version ${version}.`).first().waitFor();
}
const first = async (where) => (await api(where, '/pipelines')).pipelines[0];
const banner = { id: '' };

await check('pipelines: the list says how to begin, and so does an empty canvas', async () => {
  await setUp(page, ada);
  for (const file of photographs) {
    await open(page, '/library');
    const before = await page.getByRole('list', { name: /Assets/ }).getByRole('listitem').count();
    await page.locator('input[type=file]').first().setInputFiles([file]);
    await page.waitForFunction((known) => document.querySelectorAll('ul[aria-label^="Assets"] > li').length > known, before);
  }
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Pipelines' }).click();
  await page.getByRole('heading', { name: 'No pipelines yet' }).waitFor();
  await isSound(page, 'list-empty');
  await button(page, 'New pipeline').first().click();
  await isSound(page, 'begin');
  await page.getByRole('dialog').getByRole('button', { name: /^Empty canvas/ }).click();
  await page.waitForURL('**/app/pipelines/new');
  await page.getByRole('heading', { name: 'An empty canvas' }).waitFor();
  await isSound(page, 'empty');
});

await check('pipelines: the code of the editor is loaded for the editor alone', async () => {
  const other = await page.context().newPage();
  const scripts = [];
  other.on('response', (answer) => answer.url().endsWith('.js') && scripts.push(answer.url()));
  await open(other, '/pipelines');
  await other.getByRole('heading', { name: 'Pipelines', level: 1 }).waitFor();
  assert.ok(!scripts.some((url) => url.includes('Editor')), scripts.join(' '));
  await other.close();
});

await check('pipelines: a hero banner is built with the mouse: dragged, added, connected, set', async () => {
  await page.getByLabel('Name of the pipeline').fill('Hero banner');
  await page.getByLabel('Name of the pipeline').press('Enter');
  await drag(page, 'Image input', 40, 150);
  await drag(page, 'Text input', 40, 360);
  await drag(page, 'Expand', 330, 150);
  await drag(page, 'Text on a picture', 330, 360);
  await drag(page, 'Output', 580, 300);
  await counts(page, 5, 0);
  await faults(page).waitFor();
  await isSound(page, 'unconnected');
  await draw(page, output(page, 'Image input', 'Image'), input(page, 'Expand', 'Image'));
  await draw(page, output(page, 'Expand', 'Image'), input(page, 'Text on a picture', 'Image'));
  await draw(page, output(page, 'Text input', 'Text'), input(page, 'Text on a picture', 'Text'));
  // Let go over a node, an edge finds the port that it fits.
  await draw(page, output(page, 'Text on a picture', 'Image'), node(page, 'Output'));
  await counts(page, 5, 4);
  await node(page, 'Expand').click();
  await panel(page).getByLabel('Aspect ratio', { exact: true }).fill('16:9');
  await node(page, 'Text on a picture').click();
  await panel(page).getByLabel('Size', { exact: true }).fill('64');
  await panel(page).getByText('Heavy letters').waitFor();
  await node(page, 'Text input').click();
  await panel(page).getByLabel('Name for runs').fill('Headline!');
  await panel(page).getByLabel('Name for runs').press('Tab');
  assert.equal(await panel(page).getByLabel('Name for runs').inputValue(), 'headline');
  await page.getByText(/^up to/).waitFor();
  assert.equal(await faults(page).count(), 0);
  await button(page, 'Arrange').click();
  await page.waitForTimeout(200);
  await isSound(page, 'built');
});

await check('pipelines: an edge that cannot be is refused with the reason', async () => {
  await draw(page, output(page, 'Text input', 'Text'), input(page, 'Expand', 'Image'));
  await page.getByRole('alert').filter({ hasText: '“Expand” takes an image' }).waitFor();
  await page.look('refused');
  await draw(page, output(page, 'Text on a picture', 'Image'), input(page, 'Expand', 'Image'));
  await page.getByRole('alert').filter({ hasText: 'in a circle' }).waitFor();
  await counts(page, 5, 4);
  await button(page, 'Close').click();
});

await check('pipelines: everything is undone and redone, step by step', async () => {
  await node(page, 'Output').click();
  await page.keyboard.press('Delete');
  await counts(page, 4, 3);
  await page.keyboard.press('Control+z');
  await counts(page, 5, 4);
  let steps = 0;
  while (await button(page, /^Undo/).isEnabled()) {
    await button(page, /^Undo/).click();
    steps += 1;
    assert.ok(steps < 60, 'Undo has no end');
  }
  await counts(page, 0, 0);
  for (; steps > 0; steps -= 1) await page.keyboard.press(steps % 2 ? 'Control+Shift+z' : 'Control+y');
  await counts(page, 5, 4);
  await node(page, 'Expand').click();
  assert.equal(await panel(page).getByLabel('Aspect ratio', { exact: true }).inputValue(), '16:9');
});

await check('pipelines: it is saved, and leaving with changes is asked about', async () => {
  await save(page, 1);
  await page.waitForURL('**/app/pipelines/ppl_**').catch(() => page.waitForURL(/pipelines\/(?!new)/));
  banner.id = (await first(page)).pipeline_id;
  assert.ok(page.url().endsWith(banner.id));
  const saved = await api(page, `/pipelines/${banner.id}`);
  assert.deepEqual(saved.graph.nodes.map((one) => one.type).sort(), ['edit.expand', 'image.text', 'input.image', 'input.text', 'output']);
  assert.equal(saved.graph.nodes.find((one) => one.type === 'edit.expand').settings.aspect_ratio, '16:9');
  await node(page, 'Expand').click();
  await panel(page).getByLabel('Aspect ratio', { exact: true }).fill('21:9');
  await page.getByText('Unsaved changes').waitFor();
  await button(page, 'Back to pipelines').click();
  const question = page.getByRole('dialog');
  await question.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  await isSound(page, 'leave');
  await button(question, 'Cancel').click();
  assert.ok(page.url().endsWith(banner.id));
  await page.goBack();
  await question.getByRole('heading', { name: 'Leave without saving?' }).waitFor();
  await button(question, 'Cancel').click();
  assert.ok(page.url().endsWith(banner.id));
  // A reload offers what was not saved.
  page.once('dialog', (warning) => void warning.accept());
  await page.reload();
  await page.getByText('Changes that were not saved').waitFor();
  await counts(page, 5, 4);
  await isSound(page, 'draft');
  await button(page, 'Bring back').click();
  await node(page, 'Expand').click();
  assert.equal(await panel(page).getByLabel('Aspect ratio', { exact: true }).inputValue(), '21:9');
  await page.keyboard.press('Escape');
  await button(page, /^Undo/).click();
  await page.getByText('Unsaved changes').waitFor({ state: 'detached' });
});

await check('pipelines: it runs on three photographs at once and gives three banners', async () => {
  await button(page, 'Run').click();
  const dialog = page.getByRole('dialog', { name: 'Run this pipeline' });
  await dialog.getByLabel('headline').fill('Made by hand');
  await button(dialog, 'Choose').click();
  const picker = page.getByRole('dialog').last();
  const choices = picker.getByRole('list').getByRole('button');
  await choices.nth(2).waitFor();
  for (const index of [0, 1, 2]) await choices.nth(index).click();
  await button(picker, 'Use 3 pictures').click();
  await dialog.getByText(/^3 runs, up to/).waitFor();
  await isSound(page, 'run-dialog');
  await button(dialog, 'Start 3 runs').click();
  await panel(page).getByText('3 of 3 ended').waitFor({ timeout: RUN_MS });
  await panel(page).getByRole('heading', { name: '3 results' }).waitFor();
  const results = panel(page).getByRole('region', { name: 'Results' }).getByRole('link');
  assert.equal(await results.count(), 3);
  await page.waitForFunction(() => [...document.querySelectorAll('[aria-label=Results] img')].length === 3
    && [...document.querySelectorAll('[aria-label=Results] img')].every((image) => image.complete && image.naturalWidth > 0));
  const made = await Promise.all((await results.evaluateAll((all) => all.map((one) => one.href.split('/').pop()))).map((id) => api(page, `/assets/${id}`)));
  for (const { width, height } of made) assert.ok(Math.abs(width / height - 16 / 9) < 0.02, `${width} × ${height} is not 16:9`);
  assert.equal(new Set(made.map((one) => one.asset_id)).size, 3);
  await node(page, 'Expand').getByText('Done').waitFor();
  await node(page, 'Expand').locator('img').waitFor();
  await isSound(page, 'ran');
});

await check('pipelines: a second run pays only for what changed, and two runs are compared', async () => {
  await node(page, 'Text on a picture').click();
  await panel(page).getByLabel('Size', { exact: true }).fill('40');
  await button(page, 'Run').click();
  const dialog = page.getByRole('dialog', { name: 'Run this pipeline' });
  await page.getByText('Saved as version 2.').waitFor();
  await button(dialog, 'Start 3 runs').click();
  await panel(page).getByText('3 of 3 ended').waitFor({ timeout: RUN_MS });
  await node(page, 'Expand').getByText('From an earlier run').waitFor();
  await page.getByRole('tab', { name: 'History' }).click();
  const boxes = panel(page).getByRole('checkbox');
  await boxes.nth(5).waitFor();
  await boxes.first().click();
  await boxes.last().click();
  await isSound(page, 'history');
  await button(page, 'Compare two').click();
  const compared = page.getByRole('dialog', { name: 'What changed between two runs' });
  await compared.getByText('64').waitFor();
  await compared.getByText('40', { exact: true }).waitFor();
  await isSound(page, 'compared');
  await button(compared, 'Close').click();
});

await check('pipelines: an earlier version comes back as the newest', async () => {
  await page.getByRole('tab', { name: 'Versions' }).click();
  await button(page, 'Restore version 1').click();
  await page.getByText('Saved as version 3.').waitFor();
  const [one, three] = await Promise.all([1, 3].map((version) => api(page, `/pipelines/${banner.id}?version=${version}`)));
  assert.deepEqual(three.graph.nodes.map((each) => each.settings), one.graph.nodes.map((each) => each.settings));
  await isSound(page, 'versions');
});

await check('pipelines: two who save at once are told, and nothing is lost', async () => {
  const { graph } = await api(page, `/pipelines/${banner.id}`);
  graph.nodes.find((one) => one.type === 'image.text').settings.bold = true;
  const { status: answer } = await send(page, `/pipelines/${banner.id}`, { graph, from_version: 3 });
  assert.equal(answer, 200);
  await node(page, 'Text on a picture').click();
  await panel(page).getByLabel('Size', { exact: true }).fill('72');
  await button(page, 'Save').click();
  const dialog = page.getByRole('dialog', { name: 'Somebody else saved a version' });
  await dialog.getByText('Bold').waitFor();
  await isSound(page, 'conflict');
  await button(dialog, 'Save mine as version 5').click();
  await page.getByText('Saved as version 5.').waitFor();
});

await check('pipelines: it is published as a node app with named inputs', async () => {
  await button(page, 'More actions').click();
  await button(page, 'Publish as a node app…').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it does').fill('Turns product photographs into banners.');
  await dialog.getByLabel('Name of “Image input”').fill('photo');
  await isSound(page, 'publish');
  await button(dialog, 'Publish').click();
  await page.getByText('Published as a node app.').waitFor();
  const { is_published: is, inputs } = await api(page, `/pipelines/${banner.id}`);
  assert.deepEqual([is, inputs.map((one) => one.alias).sort()], [true, ['headline', 'photo']]);
});

await check('pipelines: a file goes out and comes in', async () => {
  await button(page, 'More actions').click();
  const [file] = await Promise.all([page.waitForEvent('download'), button(page, 'Export as a file').click()]);
  assert.equal(file.suggestedFilename(), 'hero-banner.pipeline.json');
  const text = readFileSync(await file.path(), 'utf8');
  assert.equal(JSON.parse(text).format, 'aquatint.pipeline/1');
  await open(page, '/pipelines');
  await page.getByLabel('Pipeline file to import').setInputFiles([{ name: 'broken.json', mimeType: 'application/json', buffer: Buffer.from('{') }]);
  await page.getByText('That file is not JSON.').waitFor();
  const renamed = text.replace('"Hero banner"', '"Taken along"');
  await page.getByLabel('Pipeline file to import').setInputFiles([{ name: 'banner.json', mimeType: 'application/json', buffer: Buffer.from(renamed) }]);
  await page.waitForURL(/pipelines\/(?!new)./);
  await counts(page, 5, 4);
  assert.equal(await page.getByLabel('Name of the pipeline').inputValue(), 'Taken along');
});

await check('pipelines: nodes are copied within a pipeline and into another', async () => {
  await node(page, 'Expand').click();
  await page.keyboard.press('Control+a');
  await page.getByText('5 nodes', { exact: true }).waitFor();
  await page.keyboard.press('Control+c');
  await page.keyboard.press('Control+v');
  await counts(page, 10, 8);
  await page.keyboard.press('Control+z');
  await counts(page, 5, 4);
  await open(page, '/pipelines/new');
  await page.getByRole('heading', { name: 'An empty canvas' }).waitFor();
  await page.locator('.canvas').click();
  await page.keyboard.press('Control+v');
  await counts(page, 5, 4);
  await page.keyboard.press('Control+d');
  await counts(page, 10, 8);
  await page.keyboard.press('Delete');
  await counts(page, 5, 4);
  await page.keyboard.press('Control+a');
  await button(page, 'Align').click();
  await button(page, 'Top edges').click();
  const tops = await nodes(page).evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top)));
  assert.equal(new Set(tops).size, 1, `tops ${tops}`);
  for (let left = 3; left > 0; left -= 1) await page.keyboard.press('Control+z');
});

await check('pipelines: with the keyboard alone one adds, connects, moves and sets', async () => {
  page.wrong.length = 0;
  await open(page, '/pipelines/new');
  await page.getByRole('heading', { name: 'An empty canvas' }).waitFor();
  const key = (name) => page.keyboard.press(name);
  await key('a');
  await page.keyboard.type('image input');
  await key('ArrowDown');
  await key('Enter');
  await counts(page, 1, 0);
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Image input');
  // Added after the chosen one, it is connected.
  await key('a');
  await key('Control+a');
  await page.keyboard.type('rotate');
  await key('Shift+Enter');
  await counts(page, 2, 1);
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Rotate');
  await key('a');
  await key('Control+a');
  await page.keyboard.type('output');
  await key('Enter');
  await counts(page, 3, 1);
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Output');
  // Back to the node before, which is chosen, and connected by its list.
  await key('Shift+Tab');
  assert.equal(await focused(), 'Rotate');
  await key('Enter');
  await key('c');
  assert.equal(await focused(), 'Send Image to');
  await page.keyboard.type('Output');
  await key('Enter');
  await counts(page, 3, 2);
  await page.getByRole('status').filter({ hasText: 'Connected Rotate to Output.' }).waitFor({ state: 'attached' });
  await node(page, 'Rotate').focus();
  const before = await node(page, 'Rotate').boundingBox();
  await key('Shift+ArrowDown');
  await page.waitForTimeout(100);
  const after = await node(page, 'Rotate').boundingBox();
  assert.ok(after.y > before.y + 20, `${before.y} to ${after.y}`);
  await isSound(page, 'keyboard');
  await key('Enter');
  await page.waitForFunction(() => document.activeElement?.closest('[role=tabpanel]') !== null);
  await node(page, 'Rotate').focus();
  await key('?');
  await page.getByRole('heading', { name: 'Keyboard' }).waitFor();
  await isSound(page, 'keys');
  await key('Escape');
});

await check('pipelines: a run that fails says so at its node, with what to do', async () => {
  const graph = {
    nodes: [
      { id: 'words', type: 'input.text', title: 'Words' },
      { id: 'test', type: 'flow.switch', settings: { is: 'greater', to: 3 }, title: 'More than three?' },
      { id: 'many', type: 'output', title: 'Many' },
    ],
    edges: [{ from: 'words', to: 'test' }, { from: 'test.yes', to: 'many' }],
  };
  const { body: made } = await send(page, '/pipelines', { name: 'Counts', graph });
  page.removeAllListeners('dialog');
  page.on('dialog', (question) => void question.accept());
  await open(page, `/pipelines/${made.pipeline_id}`);
  await counts(page, 3, 2);
  await button(page, 'Run').click();
  const dialog = page.getByRole('dialog', { name: 'Run this pipeline' });
  await button(dialog, 'Start').click();
  await dialog.getByRole('alert').filter({ hasText: '“Words” is needed.' }).waitFor();
  await dialog.getByLabel('Words').fill('not a number');
  await button(dialog, 'Start').click();
  await status(page, 'failed').waitFor({ timeout: RUN_MS });
  await panel(page).getByRole('alert').filter({ hasText: 'compare numbers' }).waitFor();
  await node(page, 'More than three?').getByText('Failed', { exact: true }).waitFor();
  await node(page, 'Many').getByText('Skipped').waitFor();
  await isSound(page, 'failed');
  await button(page, 'Show the node').click();
  assert.equal(await node(page, 'More than three?').getAttribute('class').then((name) => name.includes('selected')), true);
});

await check('pipelines: two hundred nodes are drawn, seen as a whole and changed without waiting', async () => {
  const graph = { nodes: [{ id: 'photo', type: 'input.image' }], edges: [] };
  for (let index = 0; index < 199; index += 1) {
    graph.nodes.push({ id: `turn${index}`, type: 'edit.rotate', settings: { degrees: 90 } });
    graph.edges.push({ from: index < 12 ? 'photo' : `turn${index - 12}`, to: `turn${index}` });
  }
  const { body: made } = await send(page, '/pipelines', { name: 'Large', graph });
  await open(page, `/pipelines/${made.pipeline_id}`);
  await counts(page, 200, 199);
  await page.waitForTimeout(300);
  await isSound(page, 'large');
  await nodes(page).nth(1).focus();
  await page.keyboard.press('Enter');
  const field = panel(page).getByLabel('Degrees', { exact: true });
  await field.waitFor();
  const begin = Date.now();
  await field.fill('45');
  await button(page, /^Undo: change settings/).waitFor();
  assert.ok(Date.now() - begin < 2_000, `${Date.now() - begin} ms for a change`);
  await page.keyboard.press('Escape');
  await button(page, /^Undo/).click();
  await send(page, `/pipelines/${made.pipeline_id}`, {}, 'DELETE');
});

await check('pipelines: the list finds, copies and deletes', async () => {
  await open(page, '/pipelines');
  const cards = page.getByRole('main').getByRole('article');
  await cards.nth(2).waitFor();
  await page.locator('article svg rect').first().waitFor();
  await isSound(page, 'list');
  await page.getByPlaceholder('Search pipelines…').fill('hero');
  await page.waitForFunction(() => document.querySelectorAll('article').length === 1);
  await button(page, 'Actions for Hero banner').click();
  await button(page, 'Duplicate').click();
  await page.getByText('Made “Hero banner, copy”.').waitFor();
  await button(page, 'Actions for Hero banner, copy').click();
  await button(page, 'Delete').click();
  await button(page.getByRole('dialog'), 'Delete').click();
  await page.getByRole('link', { name: /Hero banner, copy/ }).waitFor({ state: 'detached' });
});

await check('pipelines: on a phone in the dark one looks and runs', async () => {
  const state = await page.context().storageState();
  const phone = await person({ viewport: { width: 390, height: 800 }, colorScheme: 'dark', hasTouch: true, storageState: state });
  await open(phone, '/pipelines');
  await phone.getByRole('article').first().waitFor();
  await isSound(phone, 'phone-list');
  await open(phone, `/pipelines/${banner.id}`);
  await counts(phone, 5, 4);
  await phone.waitForTimeout(300);
  await isSound(phone, 'phone');
  await button(phone, 'Add').click();
  await phone.getByRole('dialog').getByPlaceholder('Add a node…').waitFor();
  await isSound(phone, 'phone-add');
  await button(phone.getByRole('dialog'), 'Close').click();
  await phone.getByRole('tab', { name: 'History' }).click();
  await panel(phone).getByRole('button', { name: /Version 2/ }).first().click();
  await status(phone, 'succeeded').waitFor();
  await panel(phone).getByRole('region', { name: 'Results' }).scrollIntoViewIfNeeded();
  await isSound(phone, 'phone-run');
  await phone.context().close();
  const night = await person({ colorScheme: 'dark', storageState: state });
  await open(night, `/pipelines/${banner.id}`);
  await counts(night, 5, 4);
  await night.getByRole('tab', { name: 'History' }).click();
  await panel(night).getByRole('button', { name: /Version 2/ }).first().click();
  await node(night, 'Text on a picture').locator('img').waitFor();
  await night.waitForTimeout(300);
  await isSound(night, 'dark');
  await night.context().close();
});

await browser.close();
finish();
