/**
 * For the test bed: processor weights as systemd gives every service. Without them each of the engine's processes weighs as much as all containers
 * together, and the benchmarks measure that.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** In usual weights. `docker` is where an engine without systemd puts its containers. */
const WEIGHTS = { 'docker-engine': 1, docker: 8 };

/** Moves the engine, and what it starts from now on. */
export function weighEngine(pid) {
  weigh('docker');
  weigh('docker-engine', pid);
}

/** Does nothing where systemd does it, or where control groups are not this machine's to make. */
function weigh(name, pid) {
  if (existsSync('/run/systemd/system')) return;
  try {
    const { parent, file, usual } = cpuHierarchy();
    const group = path.join(parent, name);
    mkdirSync(group, { recursive: true });
    writeFileSync(path.join(group, file), String(WEIGHTS[name] * usual));
    if (pid !== undefined) writeFileSync(path.join(group, 'cgroup.procs'), String(pid));
  } catch {
    // A container without control groups of its own, or a process that has ended.
  }
}

/** Version 1 has a hierarchy per controller; version 2 has one, whose groups weigh once the controller is handed down. */
function cpuHierarchy() {
  const controllers = path.join(ROOT, 'cgroup.controllers');
  if (!existsSync(controllers)) return { parent: path.join(ROOT, 'cpu'), file: 'cpu.shares', usual: 1024 };
  if (readFileSync(controllers, 'utf8').split(/\s/).includes('cpu'))
    writeFileSync(path.join(ROOT, 'cgroup.subtree_control'), '+cpu');
  return { parent: ROOT, file: 'cpu.weight', usual: 100 };
}
