// Films and sounds in the library, in a real browser: a poster, a loop for whoever points at it, a player. ffmpeg makes them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { base, check, email, fail, finish, password } from './checks.mjs';

const { AQUATINT_CHROMIUM: program, AQUATINT_PICTURES: pictures } = process.env;
if (!program || !pictures || !email) {
  fail('environment', 'set AQUATINT_EMAIL and AQUATINT_PASSWORD (of an owner), AQUATINT_CHROMIUM and AQUATINT_PICTURES (a folder)');
  finish();
}
mkdirSync(pictures, { recursive: true });

const folder = mkdtempSync(join(tmpdir(), 'aquatint-films-'));
function made(name, ...args) {
  const path = join(folder, name);
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', ...args, path]);
  return readFileSync(path);
}
const film = made('card.mp4', '-i', 'testsrc2=size=640x360:rate=24:duration=3', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p');
const sound = made('tone.wav', '-i', 'sine=440:duration=2');
rmSync(folder, { recursive: true });

const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });

async function library(reducedMotion) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.wrong = [];
  page.on('pageerror', (error) => page.wrong.push(String(error)));
  await context.exposeBinding('tellViolation', (_, text) => page.wrong.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => window.tellViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(`${base}/app/library`);
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('button[type=submit], form button');
  await page.waitForURL('**/app/library');
  return page;
}
const tile = (page, type) => page.locator('ul[aria-label^="Assets"] > li').filter({ has: page.locator('.badge') }).nth(type === 'film' ? 1 : 0);
const shown = (page, selector) => page.waitForFunction(
  (wanted) => { const image = document.querySelector(wanted); return image?.complete && image.naturalWidth > 0; }, selector,
);

let page;
await check('films: a film and a sound are uploaded and stand in the library', async () => {
  page = await library('no-preference');
  for (const [name, mimeType, buffer] of [['card.mp4', 'video/mp4', film], ['tone.wav', 'audio/wav', sound]]) {
    const before = await page.locator('ul[aria-label^="Assets"] > li').count();
    await page.locator('input[type=file]').first().setInputFiles([{ name, mimeType, buffer }]);
    await page.waitForFunction((known) => document.querySelectorAll('ul[aria-label^="Assets"] > li').length > known, before);
  }
  await tile(page, 'film').locator('img').first().waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${pictures}/films-library.png` });
  const poster = await tile(page, 'film').locator('img').first().getAttribute('src');
  assert.match(poster, /\/(256|1024)\.webp/);
  assert.equal(await tile(page, 'film').locator('img.loop').count(), 0, 'nothing moves by itself');
});

await check('films: pointing at a film plays its loop, and only there', async () => {
  await tile(page, 'film').hover();
  const loop = tile(page, 'film').locator('img.loop');
  await loop.waitFor();
  assert.match(await loop.getAttribute('src'), /\/motion\.webp/);
  await shown(page, 'img.loop');
  await page.screenshot({ path: `${pictures}/films-hover.png` });
  await page.mouse.move(0, 0);
  await loop.waitFor({ state: 'detached' });
});

await check('films: whoever asked for less motion sees the poster alone', async () => {
  const calm = await library('reduce');
  await tile(calm, 'film').hover();
  await calm.waitForTimeout(500);
  assert.equal(await calm.locator('img.loop').count(), 0);
  await calm.context().close();
});

await check('films: a film and a sound play in the lightbox', async () => {
  await tile(page, 'film').locator('a.open').click();
  const video = page.locator('.lightbox video');
  await video.waitFor();
  assert.match(await video.getAttribute('poster'), /\/1024\.webp/);
  await page.locator('.lightbox dd').filter({ hasText: '24 frames/s' }).waitFor();
  await page.screenshot({ path: `${pictures}/films-lightbox.png` });
  await page.keyboard.press('Escape');
  await tile(page, 'sound').locator('a.open').click();
  const audio = page.locator('.lightbox audio');
  await audio.waitFor();
  await page.waitForFunction(() => document.querySelector('.lightbox audio')?.duration > 1.9);
  await page.screenshot({ path: `${pictures}/films-sound.png` });
  assert.deepEqual(page.wrong, [], 'the browser complained');
});

await browser.close();
finish();
