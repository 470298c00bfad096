import type { FieldError } from '#src/common/errors/domain-error.js';
import { trimTrailing } from '#src/common/trim-trailing.js';
import type { Config } from '#src/config/config.js';
import { BASELINE_CAPABILITIES, type TmpfsMount } from './domain/release.js';
import { fileErrors, filesOf } from './deployment-files.js';
import type { NewFile } from './domain/release-file.js';
import { STOP_SIGNALS, stopSignalOf } from './domain/stop-signal.js';
import type { RunOptionsDto } from './dto/create-deployment.dto.js';

/** How the processes of a container run and end, with every default filled in. */
export interface ContainerOptions {
  init: boolean;
  stopGraceSeconds: number;
  stopSignal: string | null;
  tmpfs: TmpfsMount[];
  files: NewFile[];
  capabilities: string[];
}

export type ContainerLimits = Pick<Config, 'resources' | 'capabilities'>;

const RESERVED_PATHS = /^\/(proc|sys|dev|\.berth)(\/|$)|\/\.{1,2}(\/|$)|\/\//;

export function containerOptionsOf(body: RunOptionsDto): ContainerOptions {
  return {
    init: body.init ?? true,
    stopGraceSeconds: body.stopGraceSeconds ?? 10,
    stopSignal: (body.stopSignal != null && stopSignalOf(body.stopSignal)) || null,
    tmpfs: (body.tmpfs ?? []).map(({ path, sizeMb }) => ({ path, sizeMb })),
    files: filesOf(body),
    capabilities: [...new Set((body.capabilities ?? BASELINE_CAPABILITIES).map(capabilityOf))],
  };
}

export function containerOptionsErrors(body: RunOptionsDto, limits: ContainerLimits): FieldError[] {
  return [
    ...mountErrors(body),
    ...fileErrors(body),
    ...capabilityErrors(body, limits),
    ...signalErrors(body),
    ...memoryErrors(body, limits),
    ...initErrors(body, limits),
  ];
}

/** Volumes and folders in memory: each path is mounted once, and none of the system's. */
function mountErrors({ volumes, tmpfs }: RunOptionsDto): FieldError[] {
  const mounts = [
    ...(volumes ?? []).map(({ path }, index) => ({ path, field: `volumes.${index}.path` })),
    ...(tmpfs ?? []).map(({ path }, index) => ({ path, field: `tmpfs.${index}.path` })),
  ];
  const taken = new Set<string>();
  return mounts.flatMap(({ path, field }) => {
    const place = trimTrailing(path, '/');
    if (place === '/dev/shm')
      return [{ path: field, message: 'must not be /dev/shm: set resources.shmMb for its size' }];
    if (RESERVED_PATHS.test(path))
      return [{ path: field, message: 'must be a plain path outside /proc, /sys, /dev and /.berth' }];
    if (taken.has(place)) return [{ path: field, message: 'is given twice' }];
    taken.add(place);
    return [];
  });
}

/** `KILL` of `CAP_KILL` and of `kill`, as Docker accepts them. */
function capabilityOf(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function capabilityErrors({ capabilities }: RunOptionsDto, limits: ContainerLimits): FieldError[] {
  const allowed = new Set<string>([...BASELINE_CAPABILITIES, ...limits.capabilities.allowed]);
  const refused = (capabilities ?? []).map(capabilityOf).filter((name) => !allowed.has(name));
  if (refused.length === 0) return [];
  const message = `must not contain ${refused[0] ?? ''}: allowed are ${[...allowed].join(', ')}; the operator can allow more in ALLOWED_CAPABILITIES`;
  return [{ path: 'capabilities', message }];
}

function signalErrors({ stopSignal }: RunOptionsDto): FieldError[] {
  if (stopSignal == null || stopSignalOf(stopSignal)) return [];
  return [{ path: 'stopSignal', message: `must be one of ${STOP_SIGNALS.join(', ')}, or SIGRTMIN+1 to SIGRTMIN+15` }];
}

/** What is stored in memory is no more than the memory. */
function memoryErrors({ tmpfs, resources }: RunOptionsDto, limits: ContainerLimits): FieldError[] {
  const memoryMb = resources?.memoryMb ?? limits.resources.default.memoryMb;
  const shmMb = resources?.shmMb ?? 0;
  const counts = `it counts as memory, and resources.memoryMb is ${memoryMb}`;
  if (shmMb > memoryMb) return [{ path: 'resources.shmMb', message: `must be at most ${memoryMb}: ${counts}` }];
  let sum = shmMb;
  for (const [index, { sizeMb }] of (tmpfs ?? []).entries()) {
    sum += sizeMb;
    if (sum > memoryMb)
      return [{ path: `tmpfs.${index}.sizeMb`, message: `makes ${sum} MiB together, which is too large: ${counts}` }];
  }
  return [];
}

function initErrors({ init, resources }: RunOptionsDto, limits: ContainerLimits): FieldError[] {
  const pids = resources?.pids ?? limits.resources.default.pids;
  return init !== false && pids < 2
    ? [{ path: 'resources.pids', message: 'must be at least 2: one is the init process; or set init to false' }]
    : [];
}
