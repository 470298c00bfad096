import type { Resources } from '#src/config/config.js';
import type { MountedFile, ReleaseFile } from './release-file.js';

export interface PortMapping {
  container: number;
  host?: number;
  protocol: 'tcp' | 'udp';
}

export interface VolumeMount {
  name: string;
  path: string;
  readOnly: boolean;
}

/** A folder in memory; what is in it counts as memory of the container. */
export interface TmpfsMount {
  path: string;
  sizeMb: number;
}

/** Limits of a replica. `shmMb` is the size of /dev/shm, which counts as memory; unset: the Engine's 64 MiB. */
export interface ReplicaResources extends Resources {
  shmMb?: number;
}

/** Timing of Docker's health check, in seconds. */
export interface HealthTiming {
  intervalSeconds: number;
  timeoutSeconds: number;
  retries: number;
  startPeriodSeconds: number;
}

export type HealthCheck = HealthTiming &
  (
    | { kind: 'http'; path: string; port: number; host?: string }
    | { kind: 'tcp'; port: number }
    | { kind: 'command'; command: string[] }
    | { kind: 'disabled' }
    /** none in the request: the image's own, else a TCP check of the first TCP port, else none */
    | { kind: 'default' }
  );

/** Everything that a deployment's Swarm service is built from. It has secrets in clear text, so it stays in memory. */
export interface Release {
  deploymentId: string;
  environmentId: string;
  serviceName: string;
  /** network alias that all releases of one name share */
  name: string;
  network: string;
  image: string;
  replicas: number;
  command: string[];
  env: Record<string, string>;
  ports: PortMapping[];
  volumes: VolumeMount[];
  tmpfs: TmpfsMount[];
  files: ReleaseFile[];
  healthCheck: HealthCheck;
  /** timing of the image's own health check; undefined: it has none */
  imageHealth: HealthTiming | undefined;
  /** public name that routes to the environment; null: none */
  publicDomain: string | null;
  resources: ReplicaResources;
  capabilities: string[];
  /** an init process is process 1: it reaps orphans and forwards signals */
  init: boolean;
  stopGraceSeconds: number;
  /** null: the image's STOPSIGNAL, else SIGTERM */
  stopSignal: string | null;
  /** node that the tasks must run on; null: any */
  nodeId: string | null;
}

/** A release whose files exist in Swarm: its service can be created. */
export interface MountedRelease extends Release {
  files: MountedFile[];
}

export const DEFAULT_HEALTH_TIMING: HealthTiming = {
  intervalSeconds: 10,
  timeoutSeconds: 5,
  retries: 3,
  startPeriodSeconds: 60,
};

/**
 * Capabilities added after ALL are dropped: official images such as nginx and postgres need them, and a supervisor
 * that is root signals its workers with KILL. A request may choose others within ALLOWED_CAPABILITIES.
 */
export const BASELINE_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'SETGID',
  'SETUID',
  'NET_BIND_SERVICE',
  'KILL',
] as const;

/** True when the old release must stop before the new one starts: both would hold a host port or write to a volume. */
export function stopsFirst({ ports, volumes }: Pick<Release, 'ports' | 'volumes'>): boolean {
  return ports.some(({ host }) => host !== undefined) || volumes.some(({ readOnly }) => !readOnly);
}

export function firstTcpPort(ports: PortMapping[]): number | undefined {
  return ports.find(({ protocol }) => protocol === 'tcp')?.container;
}
