// Builds each widget into one file, dist/NAME.html, with its code and styles inside: a host shows it from a string, in a frame without
// an origin, and it loads nothing. The same source gives the same bytes. `--outDir DIR` builds elsewhere.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));
const WIDGETS = {
  job: 'Job', gallery: 'Gallery', models: 'Models', account: 'Account', form: 'Generate', share: 'Share link', upload: 'Upload',
  pipeline: 'Pipeline',
};
/** The most that one may weigh. */
const MAX_BYTES = 60_000;

const at = process.argv.indexOf('--outDir');
const out = at > 0 ? process.argv[at + 1] : join(here, 'dist');
const shell = readFileSync(join(here, 'shell.html'), 'utf8');
const pages = [];
for (const [name, title] of Object.entries(WIDGETS)) {
  const built = await build({
    configFile: false,
    root: here,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      cssCodeSplit: false,
      lib: { entry: join(here, 'src/pages', `${name}.ts`), formats: ['iife'], name: 'widget', fileName: () => 'widget.js' },
    },
  });
  const files = (Array.isArray(built) ? built : [built]).flatMap((one) => one.output);
  const code = files.find((file) => file.type === 'chunk').code.trim();
  const styles = String(files.find((file) => file.fileName.endsWith('.css'))?.source ?? '').trim();
  if (/<\/(script|style)|<!--/i.test(code + styles)) throw new Error(`${name}: its code would end the element that holds it`);
  // Functions, so that `$` in the code means nothing.
  const html = shell
    .replace('TITLE', () => title)
    .replace('STYLES', () => styles)
    .replace('CODE', () => code);
  const size = Buffer.byteLength(html);
  if (size >= MAX_BYTES) throw new Error(`${name} has ${size} bytes; the most is ${MAX_BYTES}`);
  pages.push([`${name}.html`, html, size]);
}

// All or none.
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [name, html, size] of pages) {
  writeFileSync(join(out, name), html);
  console.log(`${name} ${size} bytes`);
}
