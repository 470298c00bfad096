/** The guide is complete: its index names every page, every page has both forms, its links and blocks are sound; so is docs/api.md. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './build.mjs';
import { codeBlocks, guidePages, guidePrelude, guideText } from './guide.mjs';

test('the index must name every page', () => {
  const named = [...guideText('README.md').matchAll(/^\d+\. \[.*\]\(([a-z-]+\.md)\)/gm)].map(([, page]) => page);
  assert.deepEqual([...named].sort(), guidePages().sort());
});

test('the commands before the start must be for the given server', () => {
  const prelude = guidePrelude('http://127.0.0.1:4321');
  assert.match(prelude, /^export BERTH_URL=http:\/\/127\.0\.0\.1:4321$/m);
  assert.match(prelude, /^outcome\(\) \{$/m);
});

for (const page of ['README.md', ...guidePages()]) {
  test(`the commands of ${page} must be what a shell understands`, () => {
    const blocks = codeBlocks(page, 'sh');
    assert.ok(blocks.length > 0);
    for (const { code } of blocks) {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, ''], code);
    }
  });

  test(`the links of ${page} must lead to files that exist`, () => {
    for (const [, link] of guideText(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(path.join(ROOT, 'docs/guide', link)), link);
  });
}

for (const page of guidePages()) {
  test(`${page} must show the command line and curl`, () => {
    const code = codeBlocks(page, 'sh').map((block) => block.code);
    assert.ok(code.some((text) => /^berth /m.test(text)));
    assert.ok(code.some((text) => /\bapi "\$BERTH_URL/.test(text)));
  });

  test(`${page} must mark every block with its language`, () => {
    const fences = guideText(page).match(/^```.*$/gm) ?? [];
    const opening = fences.filter((_, index) => index % 2 === 0);
    for (const fence of opening) assert.match(fence, /^```(sh|yaml)$/);
  });
}

test('docs/api.md must list every operation', () => {
  const { paths } = JSON.parse(readFileSync(path.join(ROOT, 'backend/openapi.json'), 'utf8'));
  const text = readFileSync(path.join(ROOT, 'docs/api.md'), 'utf8');
  // A row may name several, such as `POST /deployments/:id/stop`, `/start`.
  const isListed = (name) => text.includes(name) || text.includes(`\`${name.slice(name.lastIndexOf('/'))}\``);
  const missing = Object.keys(paths).filter((name) => !isListed(name.replace(/\{(\w+)\}/g, ':$1')));
  assert.deepEqual(missing, []);
});
