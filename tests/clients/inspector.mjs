// The Inspector's command line, in both eras, with its strict check of the tools' schemas.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, endpoint, finish, key } from './checks.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const bin = join(here, 'node_modules/node/bin');

function inspect(...args) {
  const done = spawnSync(
    join(bin, 'node'),
    [
      join(here, 'node_modules/.bin/mcp-inspector'), '--cli', endpoint, '--transport', 'http',
      '--header', `Authorization: Bearer ${key}`, ...args,
    ],
    { encoding: 'utf8', env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }, timeout: 120_000 },
  );
  return { code: done.status, out: done.stdout, err: done.stderr };
}

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
finish();
