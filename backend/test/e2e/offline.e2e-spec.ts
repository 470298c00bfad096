/** What the README promises on a machine that reaches no registry: its commands, pasted into a shell that has only a loopback interface. */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { firstDeployment, firstDeploymentWithCurl, laterReleases } from '../../../script/lib/first-deployment.mjs';
import { nestedWorlds, WORLD_SCRIPT } from '../testbed/nested-worlds.js';

const ROOT = join(import.meta.dirname, '../../..');
const PAGE_MS = 15_000;
const SETTINGS = '{"no-new-privileges":true,"data-root":"%s"}';

const { state, environment } = await nestedWorlds();
afterAll(() => rmSync(state, { recursive: true, force: true }));

it.skipIf(process.env.BERTH_TESTBED === 'host')(
  'the first deployment of the README must be a page within 15 s, and everything after it work, without any registry',
  async () => {
    const { parts, output } = await paste([
      ['first', firstDeployment()],
      ['later', laterReleases()],
      ['curl', firstDeploymentWithCurl()],
    ]);
    expect(parts.get('first')?.text, output).toMatch(/^hello is RUNNING in hello\.$[^]*hello[^]*version 1\b/im);
    expect(parts.get('first')?.elapsedMs, output).toBeLessThan(PAGE_MS);
    expect(parts.get('later')?.text, output).toMatch(/GET \/[^]*RUNNING[^]*RUNNING/);
    expect(parts.get('curl')?.text, output).toMatch(/version 1\b[^]*RUNNING[^]*GET \/[^]*RUNNING[^]*version 1\b/i);
    expect(parts.get('server')?.text.match(/public names wait/gi), output).toHaveLength(1);
  },
);

interface Part {
  text: string;
  elapsedMs: number;
}

async function paste(pieces: [string, string][]): Promise<{ parts: Map<string, Part>; output: string }> {
  const script = [
    'set -eu',
    `mkdir -p /etc/docker && printf '${SETTINGS}' "$BERTH_WORLD/data/docker" >/etc/docker/daemon.json`,
    'export DATA_DIR=$BERTH_WORLD/data/berth && mkdir -p "$DATA_DIR" && chmod 755 "$BERTH_WORLD/data"',
    'script/server >"$BERTH_WORLD/server.log" 2>&1 & server=$!',
    'tail -F "$BERTH_WORLD/server.log" 2>/dev/null | grep -q -m1 "Berth is running"',
    ...pieces.flatMap(([name, lines]) => [`echo "@@ ${name} $EPOCHREALTIME"`, lines]),
    'echo "@@ server $EPOCHREALTIME"; cat "$BERTH_WORLD/server.log"; echo "@@ end $EPOCHREALTIME"',
  ].join('\n');
  const options = { cwd: ROOT, env: { ...environment, BERTH_WORLD_NETWORK: 'none' }, maxBuffer: 2 ** 24, timeout: 200_000 };
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
  return { parts, output: `${stdout}\n${stderr}` };
}
