/**
 * What an engine leaves behind on the machine: after a kill, everything; after an orderly stop, still bridges, firewall rules and now
 * and then a `vx-…` device, which would keep the next engine from starting tasks on the network of the same number.
 * Only to be called while no engine of this machine runs.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { childrenOf, endProcess, findProcesses, isOnMachineNetwork } from './processes.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

/** Both engines see this path, the current one inside its own root. */
const CONTAINERD = '/var/run/docker/containerd';
/** Of the pairs named veth and seven digits, one end is a container's; an engine killed while it made one leaves both here. */
const DOCKER_DEVICE = /^(vx-.*|docker0|docker_gwbridge|veth[0-9a-f]{7})$/;
const DOCKER_RULE = /DOCKER|docker0|docker_gwbridge/;

export async function clearEngineLeftovers(dataRoots: string[]): Promise<void> {
  await endContainers();
  await unmountBelow([...dataRoots, '/run/docker', '/var/run/docker']);
  await removeDevices();
  for (const tool of ['iptables', 'ip6tables']) await removeFirewallRules(tool);
  rmSync('/run/docker', { recursive: true, force: true });
  for (const dataRoot of dataRoots) rmSync(dataRoot, { recursive: true, force: true });
}

async function endContainers(): Promise<void> {
  const isOurs = (program: string, [command = '', ...args]: string[]): boolean =>
    basename(command).startsWith(program) && args.some((argument) => argument.startsWith(CONTAINERD));
  const find = (matches: (line: string[]) => boolean): number[] => findProcesses(matches).filter(isOnMachineNetwork);
  for (const pid of find((line) => isOurs('containerd', line) && basename(line[0] ?? '') === 'containerd')) {
    await endProcess(pid, 'SIGTERM', 5_000);
  }
  for (const shim of find((line) => isOurs('containerd-shim', line))) {
    for (const container of childrenOf(shim)) await endProcess(container, 'SIGKILL');
    await endProcess(shim, 'SIGKILL');
  }
}

async function unmountBelow(directories: string[]): Promise<void> {
  const mountpoints = readFileSync('/proc/self/mountinfo', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');
  const ours = mountpoints.filter((path) => directories.some((directory) => `${path}/`.startsWith(`${directory}/`)));
  for (const path of ours.reverse()) {
    await runCommand('umount', ['-l', path]).catch(() => undefined); // it went with the one above it
  }
}

async function removeDevices(): Promise<void> {
  const links = JSON.parse(await runCommand('ip', ['-j', 'link', 'show'])) as { ifname: string }[];
  for (const name of links.map(({ ifname }) => ifname).filter((each) => DOCKER_DEVICE.test(each))) {
    await runCommand('ip', ['link', 'delete', name]).catch((error: unknown) => {
      if (existsSync(join('/sys/class/net', name))) throw error; // otherwise it went with the other end of its pair
    });
  }
}

async function removeFirewallRules(tool: string): Promise<void> {
  const rules = (await runCommand(`${tool}-save`, [])).split('\n');
  if (!rules.some((rule) => DOCKER_RULE.test(rule))) return;
  const path = join(stateDir.run, `${tool}.rules`);
  writeFileSync(path, rules.filter((rule) => !DOCKER_RULE.test(rule)).join('\n'));
  await runCommand(`${tool}-restore`, [path]);
  rmSync(path);
}
