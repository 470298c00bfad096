/** `npm test` in a clone where nothing is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

let clone;

before(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'berth-clone-'));
  cpSync(fileURLToPath(new URL('..', import.meta.url)), path.join(clone, 'script'), { recursive: true });
});
after(() => rmSync(clone, { recursive: true }));

for (const [part, advice] of [
  ['backend', 'run npm ci in backend/, or script/server'],
  ['cli', 'run npm install in clients/cli/, or script/server'],
  ['typescript', 'run npm install in clients/typescript/, or script/server'],
])
  test(`it must say what is missing for ${part}`, () => {
    const { status, stdout, stderr } = npmTest(part);
    assert.deepEqual([status, stdout], [69, '']);
    assert.match(stderr, new RegExp(`^Not everything is installed here yet: ${advice}, .*\\.\n$`));
  });

test('it must run the unit tests, say what script/test adds, and fail with them', () => {
  const vitest = path.join(clone, 'backend/node_modules/vitest');
  for (const folder of [vitest, path.join(clone, 'backend/src/generated')]) mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(vitest, 'vitest.mjs'),
    'console.log(...process.argv.slice(2)); process.exit(process.env.CODE);',
  );
  const green = npmTest('backend', { CODE: '0' });
  assert.deepEqual([green.status, green.stdout.split('\n')[0]], [0, 'run --project unit']);
  assert.match(green.stdout, /script\/test runs everything else: /);
  assert.equal(npmTest('backend', { CODE: '1' }).status, 1);
});

function npmTest(part, env = {}) {
  const args = [path.join(clone, 'script/lib/npm-test.mjs'), part];
  return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, ...env } });
}
