/**
 * Processor weights, as systemd gives every service. Without them each of the engine's processes weighs as much as all containers
 * together, so that applications under test starve while others start, and the API starves while many containers start.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** Relative to the default of 1. `docker` is where an engine without systemd puts its containers. */
const WEIGHTS = { 'docker-engine': 1, docker: 8, 'berth-api': 8 };

/** Moves a process into a group; what it starts from now on follows it. */
export function weigh(pid: number, group: keyof typeof WEIGHTS): void {
  if (existsSync('/run/systemd/system')) return;
  try {
    const { parent, file, unit } = cpuHierarchy();
    for (const [name, weight] of Object.entries(WEIGHTS)) {
      mkdirSync(join(parent, name), { recursive: true });
      writeFileSync(join(parent, name, file), String(weight * unit));
    }
    writeFileSync(join(parent, group, 'cgroup.procs'), String(pid));
  } catch {
    // A container whose cgroups are read-only: everything works without weights.
  }
}

/** cgroup v1 has a hierarchy per controller; v2 has one, whose groups weigh once the controller is enabled for them. */
function cpuHierarchy(): { parent: string; file: string; unit: number } {
  const controllers = join(ROOT, 'cgroup.controllers');
  if (!existsSync(controllers)) return { parent: join(ROOT, 'cpu'), file: 'cpu.shares', unit: 1024 };
  if (readFileSync(controllers, 'utf8').split(/\s/).includes('cpu'))
    writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+cpu');
  return { parent: ROOT, file: 'cpu.weight', unit: 100 };
}
