// The Inspector's command line, in both eras and at every surface, with its strict check of the tools' schemas.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { base, check, finish, key } from './checks.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = join(here, 'node_modules/node/bin');

function inspectAt(path, ...args) {
  const done = spawnSync(
    join(bin, 'node'),
    [
      join(here, 'node_modules/.bin/mcp-inspector'), '--cli', `${base}${path}`, '--transport', 'http',
      '--header', `Authorization: Bearer ${key}`, ...args,
    ],
    { encoding: 'utf8', env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }, timeout: 120_000 },
  );
  return { code: done.status, out: done.stdout, err: done.stderr };
}
const inspect = (...args) => inspectAt('/mcp', ...args);

for (const era of ['modern', 'legacy']) {
  await check(`inspector ${era}: lists the tools and finds nothing wrong with them`, () => {
    const { code, out, err } = inspect('--protocol-era', era, '--method', 'tools/list', '--strict');
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).tools.some((tool) => tool.name === 'edit_image'));
  });
  await check(`inspector ${era}: calls a tool`, () => {
    const { code, out, err } = inspect(
      '--protocol-era', era, '--method', 'tools/call', '--tool-name', 'account', '--tool-arg', 'action=credits',
    );
    assert.equal(code, 0, err);
    assert.ok(JSON.parse(out).structuredContent.plan);
  });
  await check(`inspector ${era}: sees the page of a tool and what it may reach`, () => {
    const { code, out, err } = inspect(
      '--protocol-era', era, '--method', 'tools/call', '--tool-name', 'display', '--app-info',
    );
    assert.equal(code, 0, err);
    const told = JSON.parse(out);
    assert.ok(JSON.stringify(told).includes('ui://aquatint/gallery'), out);
    const listed = inspect('--protocol-era', era, '--method', 'resources/list');
    assert.equal(listed.code, 0, listed.err);
    assert.ok(JSON.parse(listed.out).resources.some((one) => one.uri === 'ui://aquatint/job'), listed.out);
  });
}

/** A call of each service, what it answers with, and a tool that has a page. */
const surfaces = {
  '/mcp/pixelcut': [12, 'models', ['action=list'], 'models', 'edit_image'],
  '/mcp/pixa': [12, 'account', ['action=credits'], 'plan', 'display'],
  '/mcp/krea': [8, 'get_model_schema', ['model=image/aquatint/scene-preview'], 'input_schema', 'generate'],
  '/mcp/pixola': [8, 'list_styles', [], 'styles', 'generate_image'],
  '/mcp/aiphotogenerator': [2, 'list_models', [], 'models', 'generate_image'],
  '/api/mcp': [2, 'generate_image', ['prompt=a cup', 'width=512', 'height=512'], 'image_url', 'generate_image'],
};
let place = 0;
for (const [path, [count, tool, args, member, paged]] of Object.entries(surfaces)) {
  // Each in one era: what is common to all was looked at above.
  place += 1;
  const era = place % 2 ? 'modern' : 'legacy';
  await check(`inspector ${era}: ${path} is listed without a fault, ${tool} answers, and ${paged} has its page`, () => {
    const listed = inspectAt(path, '--protocol-era', era, '--method', 'tools/list', '--strict');
    assert.equal(listed.code, 0, listed.err);
    assert.equal(JSON.parse(listed.out).tools.length, count, listed.out);
    const called = inspectAt(path, '--protocol-era', era, '--method', 'tools/call', '--tool-name', tool, ...args.flatMap((arg) => ['--tool-arg', arg]));
    assert.equal(called.code, 0, called.err || called.out);
    // Behind the result of a tool with a page stands what is known of the page.
    const { structuredContent } = JSON.parse(called.out.split('--- MCP App Info ---')[0]);
    assert.ok(structuredContent[member], called.out);
    const page = inspectAt(path, '--protocol-era', era, '--method', 'tools/call', '--tool-name', paged, '--app-info');
    assert.equal(page.code, 0, page.err);
    const { hasApp, csp } = JSON.parse(page.out);
    assert.ok(hasApp && csp.resourceDomains.includes(base), page.out);
  });
}
finish();
