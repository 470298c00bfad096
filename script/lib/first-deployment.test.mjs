/** The README's first deployment is what script/server prints, and what a shell can run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from './build.mjs';
import { firstDeployment, firstDeploymentWithCurl, laterReleases } from './first-deployment.mjs';

const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const SECTIONS = { firstDeployment, laterReleases, firstDeploymentWithCurl };

for (const [name, section] of Object.entries(SECTIONS)) {
  test(`the README must have the lines of ${name}`, () => {
    assert.ok(README.includes(`\n\`\`\`\n${section()}\n\`\`\`\n`), `README.md must contain:\n${section()}`);
  });

  test(`the lines of ${name} must be what a shell understands, and refer to files that are there`, () => {
    const { status, stderr } = spawnSync('bash', ['-n'], { input: section(), encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    for (const [file] of section().matchAll(/\b(script|examples)\/[a-z]+/g))
      assert.doesNotThrow(() => readFileSync(path.join(ROOT, file, file.startsWith('examples') ? 'Dockerfile' : '')));
  });
}

test('a DATA_DIR of the shell must be told to the other shell', () => {
  const lines = firstDeployment({ dataDir: "/srv/o'brien", dataDirIsFromShell: true });
  assert.equal(lines.split('\n')[0], `export DATA_DIR='/srv/o'\\''brien'`);
});
