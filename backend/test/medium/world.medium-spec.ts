/** The namespaces that the tests run in: a run inside this run, with a folder of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually } from '../testbed/eventually.js';
import { nestedWorlds, WORLD_SCRIPT as SCRIPT } from '../testbed/nested-worlds.js';
import { commandLineOf, findProcesses } from '../testbed/processes.js';
import { runCommand } from '../testbed/run-command.js';

const GONE_MS = 5_000;
/** Starts what a run leaves behind when it is killed: a process in a session of its own, a mount, an interface, a group, files. */
const BUSY = `setsid sleep 4321 &
mkdir -p /run/busy && mount -t tmpfs busy /run/busy
ip link add busy0 type bridge
for root in $(findmnt -rn -t cgroup,cgroup2 -o TARGET); do mkdir -p $root/busy/inner; done
touch $TMPDIR/busy /etc/busy /dev/shm/busy
echo ready >$BERTH_WORLD/ready
wait`;

const { state, environment } = await nestedWorlds();
afterAll(() => rmSync(state, { recursive: true, force: true }));

describe.skipIf(process.env.BERTH_TESTBED === 'host')('a world of its own', () => {
  it('must keep what runs inside apart from the machine, and end with its exit code', async () => {
    const before = await machine();
    const { status, stdout } = spawnSync(
      SCRIPT,
      ['run', 'sh', '-c', `${BUSY.replace(/wait$/, '')} ip -br link; exit 7`],
      {
        env: environment,
        encoding: 'utf8',
      },
    );
    expect(status).toBe(7);
    expect(stdout).toMatch(/^busy0/m);
    expect(stdout).not.toMatch(/docker0/);
    await eventually(async () => expect(await machine()).toEqual(before), GONE_MS);
  });

  it.each([
    ['kill -9', 'SIGKILL'],
    ['Ctrl-C', 'SIGINT'],
  ] as const)('must leave nothing five seconds after %s', async (_, signal) => {
    const before = await machine();
    const run = await startBusy();
    expect(findProcesses(isBusy)).toHaveLength(1);
    run.kill(signal);
    await eventually(async () => expect(await machine()).toEqual(before), GONE_MS);
  });

  it('must remove at its start what is left of a run whose removal was killed, too', async () => {
    const before = await machine();
    const run = await startBusy();
    const world = runningWorld();
    for (const pid of findProcesses((line) => line.includes('remove') && line.includes(world)))
      process.kill(pid, 'SIGKILL');
    run.kill('SIGKILL');
    await eventually(() => expect(findProcesses(isBusy)).toEqual([]), GONE_MS);
    expect(existsSync(world)).toBe(true);
    expect(spawnSync(SCRIPT, ['run', 'true'], { env: environment }).status).toBe(0);
    await eventually(async () => expect(await machine()).toEqual(before), GONE_MS);
  });

  it('two at once must not see each other', async () => {
    const first = await startBusy();
    const { stdout } = spawnSync(SCRIPT, ['run', 'sh', '-c', 'ip -br link; ls /run /etc; ps ax'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(stdout).toContain('tap0');
    expect(stdout).not.toMatch(/busy|sleep 4321/);
    first.kill('SIGKILL');
    await eventually(() => expect(readdirSync(join(state, 'worlds'))).toEqual([]), GONE_MS);
  });

  it('must say in one sentence what is missing', () => {
    const { status, stderr } = spawnSync('setpriv', ['--reuid=65534', '--clear-groups', SCRIPT, 'run', 'true'], {
      env: environment,
      encoding: 'utf8',
    });
    expect(status).toBe(69);
    expect(stderr).toMatch(
      /^The tests run apart from this machine, and root is missing for that: .*BERTH_TESTBED=host.*\.\n$/,
    );
  });
});

async function startBusy(): Promise<ChildProcess> {
  const run = spawn(SCRIPT, ['run', 'sh', '-c', BUSY], { env: environment, stdio: 'ignore' });
  await eventually(() => expect(readFileSync(join(runningWorld(), 'ready'), 'utf8')).toBe('ready\n'), 20_000);
  return run;
}

function runningWorld(): string {
  const name = readdirSync(join(state, 'worlds')).find((entry) => entry.endsWith('.lock')) ?? 'none';
  return join(state, 'worlds', basename(name, '.lock'));
}

function isBusy(line: string[]): boolean {
  return basename(line[0] ?? '') === 'sleep' && line[1] === '4321';
}

/** What a run could leave: processes, mounts, interfaces, groups, files. */
async function machine(): Promise<Record<string, unknown>> {
  const worlds = join(state, 'worlds');
  return {
    processes: findProcesses((line) => isBusy(line) || line.some((word) => word.includes(state))).map(commandLineOf),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').match(/\S*(busy|berth-worlds)\S*/g),
    interfaces: (await runCommand('ip', ['-br', 'link'])).match(/^(busy|tap)\S*/gm),
    groups: (await runCommand('find', ['/sys/fs/cgroup', '-name', 'berth-test-*'])).trim(),
    worlds: existsSync(worlds) ? readdirSync(worlds) : [],
    files: ['/etc/busy', '/dev/shm/busy', '/run/busy'].filter((file) => existsSync(file)),
  };
}
