/**
 * A control group of its own on the processor, as systemd gives one to every service. Without it each of the engine's many processes weighs as
 * much as all containers together, and while some of them start, those that serve wait.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** Moves a process, and what it starts from now on. Does nothing where control groups are not this machine's to make. */
export function giveOwnCpuGroup(pid, name) {
  try {
    const parent = cpuHierarchy();
    const group = path.join(parent, name);
    mkdirSync(group, { recursive: true });
    writeFileSync(path.join(group, 'cgroup.procs'), String(pid));
  } catch {
    // A container without control groups of its own, or a process that has ended.
  }
}

/** Version 1 has a hierarchy per controller; version 2 has one, whose groups weigh once the controller is handed down. */
function cpuHierarchy() {
  const controllers = path.join(ROOT, 'cgroup.controllers');
  if (!existsSync(controllers)) return path.join(ROOT, 'cpu');
  if (readFileSync(controllers, 'utf8').split(/\s/).includes('cpu'))
    writeFileSync(path.join(ROOT, 'cgroup.subtree_control'), '+cpu');
  return ROOT;
}
