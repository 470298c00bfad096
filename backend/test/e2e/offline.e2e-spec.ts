/** @module-tag long */
/** What the README promises on a machine that reaches no registry: its commands, pasted into a shell that has only a loopback interface. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { firstDeployment, firstDeploymentWithCurl, laterReleases } from '../../../script/lib/first-deployment.mjs';
import { nestedWorlds, WORLD_SCRIPT } from '../testbed/nested-worlds.js';

const ROOT = join(import.meta.dirname, '../../..');
const SETTINGS = '{"no-new-privileges":true,"data-root":"%s"}';

const { state, environment } = await nestedWorlds();
afterAll(() => rmSync(state, { recursive: true, force: true }));

it.skipIf(process.env.BERTH_TESTBED === 'host')(
  'the first deployment of the README must become a page, and everything after it work, without any registry',
  async () => {
    const { part, output } = await paste([
      ['first', firstDeployment()],
      ['later', laterReleases()],
      ['curl', firstDeploymentWithCurl()],
    ]);
    process.stdout.write(`from the paste to the page: ${(part('first').elapsedMs / 1000).toFixed(1)} s\n`);
    expect(part('first').text, output).toMatch(/^hello is RUNNING in hello\.$[^]*version 1\b/im);
    expect(part('later').text, output).toMatch(/"GET \/ HTTP[^]*RUNNING[^]*RUNNING[^]*being deleted/);
    expect(part('curl').text, output).toMatch(
      /version 1\.[^]*RUNNING[^]*hello, version 2[^]*RUNNING[^]*version 1\.[^]*DELETING/,
    );
    expect(part('server').text.match(/public names wait/gi), output).toHaveLength(1);
  },
  600_000,
);

interface Part {
  text: string;
  elapsedMs: number;
}

/** On a line of its own: what a command printed last may have no end of line. */
const mark = (name: string) => `printf '\\n@@ %s %s\\n' ${name} "$EPOCHREALTIME"`;

async function paste(pieces: [string, string][]): Promise<{ part: (name: string) => Part; output: string }> {
  const script = [
    'set -eu',
    `mkdir -p /etc/docker && printf '${SETTINGS}' "$BERTH_WORLD/data/docker" >/etc/docker/daemon.json`,
    'export DATA_DIR=$BERTH_WORLD/data/berth && mkdir -p "$DATA_DIR" && chmod 755 "$BERTH_WORLD/data"',
    'script/server >"$BERTH_WORLD/server.log" 2>&1 & server=$!',
    'until grep -q "Berth is running" "$BERTH_WORLD/server.log"; do kill -0 $server 2>/dev/null || { cat "$BERTH_WORLD/server.log"; exit 1; }; sleep 0.2; done',
    ...pieces.flatMap(([name, lines]) => [mark(name), lines]),
    mark('server'),
    'cat "$BERTH_WORLD/server.log"',
    mark('end'),
  ].join('\n');
  // A login shell of an operator has nothing of the test runner's environment.
  const { PATH = '', HOME = '/root', BERTH_TESTBED_DIR = '' } = environment;
  const env = { PATH, HOME, BERTH_TESTBED_DIR, BERTH_WORLD_NETWORK: 'none' };
  const options = { cwd: ROOT, env, maxBuffer: 2 ** 24, timeout: 570_000 };
  const run = promisify(execFile)(WORLD_SCRIPT, ['run', 'bash', '-c', script], options);
  const { stdout, stderr } = await run.catch((error: unknown) => error as { stdout: string; stderr: string });
  const marks = [...stdout.matchAll(/^@@ (\w+) ([\d.]+)$/gm)];
  const parts = new Map<string, Part>();
  for (const [index, mark] of marks.entries()) {
    const next = marks[index + 1];
    if (!next) break;
    const elapsedMs = (Number(next[2]) - Number(mark[2])) * 1000;
    parts.set(mark[1] ?? '', { text: stdout.slice(mark.index + mark[0].length, next.index), elapsedMs });
  }
  const output = `${stdout}\n${stderr}`;
  const part = (name: string) => {
    const found = parts.get(name);
    if (!found) throw new Error(`The shell did not come to the end of "${name}":\n${output}`);
    return found;
  };
  return { part, output };
}
