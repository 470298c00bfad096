import type { Resources } from '#src/config/config.js';

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

/** Seconds; how often Docker looks, and how patient it is. */
export interface HealthTiming {
  intervalSeconds: number;
  timeoutSeconds: number;
  retries: number;
  startPeriodSeconds: number;
}

export type HealthCheck = HealthTiming &
  (
    | { kind: 'http'; path: string; port: number }
    | { kind: 'tcp'; port: number }
    | { kind: 'command'; command: string[] }
    | { kind: 'disabled' }
    /** not asked for: the image's own, else the first TCP port, else none */
    | { kind: 'default' }
  );

/** Everything that a Swarm service of a deployment is built from; secrets in clear, so it lives in memory only. */
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
  healthCheck: HealthCheck;
  imageHasHealthCheck: boolean;
  resources: Resources;
  capabilities: string[];
  /** where it has to run; null: anywhere */
  nodeId: string | null;
}

export const DEFAULT_HEALTH_TIMING: HealthTiming = {
  intervalSeconds: 10,
  timeoutSeconds: 5,
  retries: 3,
  startPeriodSeconds: 60,
};

/** Given back after ALL are dropped: official images such as nginx and postgres need them. A request may ask for fewer, never more. */
export const BASELINE_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'SETGID',
  'SETUID',
  'NET_BIND_SERVICE',
] as const;

/** No two processes may hold the same host port or write the same volume: the old release has to stop before the new one starts. */
export function stopsFirst({ ports, volumes }: Pick<Release, 'ports' | 'volumes'>): boolean {
  return ports.some(({ host }) => host !== undefined) || volumes.some(({ readOnly }) => !readOnly);
}

export function firstTcpPort(ports: PortMapping[]): number | undefined {
  return ports.find(({ protocol }) => protocol === 'tcp')?.container;
}
