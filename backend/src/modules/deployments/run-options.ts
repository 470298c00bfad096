import type { FieldError } from '#src/common/errors/domain-error.js';
import type { Config } from '#src/config/config.js';
import { publicDomain } from '#src/modules/ingress/sites/public-domain.js';
import type { HealthCheckDto, RunOptionsDto } from './dto/create-deployment.dto.js';
import {
  DEFAULT_HEALTH_TIMING,
  firstTcpPort,
  type HealthCheck,
  type PortMapping,
  type ReplicaResources,
  type VolumeMount,
} from './domain/release.js';
import {
  type ContainerLimits,
  type ContainerOptions,
  containerOptionsErrors,
  containerOptionsOf,
} from './container-options.js';

/** The run fields of a request with every default filled in. */
export interface RunOptions extends ContainerOptions {
  replicas: number;
  ports: PortMapping[];
  volumes: VolumeMount[];
  envVars: Record<string, string>;
  command: string[];
  releaseCommand: string[];
  drainSeconds: number;
  ttlSeconds: number | null;
  healthCheck: HealthCheck;
  resources: ReplicaResources;
  publicAs: { domain: string; port: number | null } | undefined;
}

type Limits = ContainerLimits & Pick<Config, 'hostPorts' | 'http' | 'deploy'>;

/** A rule for names, and its text. */
interface Naming {
  pattern: RegExp;
  message: string;
}
export const IDENTIFIERS: Naming = {
  pattern: /^[A-Za-z_][A-Za-z0-9_]{0,255}$/,
  message: 'must be named with letters, digits and _, not beginning with a digit',
};
/** The Engine takes every name without `=`: some programs read settings with dots or dashes from variables. */
const VARIABLES: Naming = { pattern: /^[^=]{1,256}$/, message: 'must have a name of 1 to 256 characters without =' };
const MAX_ENV_VARS = 500;
const MAX_ENV_VALUE = 32_768;
/** Sizes of what a row stores, in UTF-8. */
const MAX_VARIABLES_BYTES = 256 * 1024;
const MAX_COMMAND_BYTES = 64 * 1024;

/** Fills in the defaults of a validated body. Throws INVALID_DOMAIN. */
export function runOptionsOf(body: RunOptionsDto, config: Limits): RunOptions {
  const ports = (body.ports ?? []).map(({ container, host, protocol = 'tcp' }) => ({
    container,
    protocol,
    ...(host != null && { host }),
  }));
  return {
    replicas: body.replicas ?? 1,
    ports,
    volumes: (body.volumes ?? []).map(({ name, path, readOnly }) => ({ name, path, readOnly: readOnly ?? false })),
    envVars: body.envVars ?? {},
    command: body.command ?? [],
    releaseCommand: body.releaseCommand ?? [],
    drainSeconds: body.drainSeconds ?? config.deploy.drainSeconds,
    ttlSeconds: body.ttlSeconds ?? null,
    healthCheck: healthCheckOf(body.healthCheck, ports),
    resources: { ...config.resources.default, ...withoutNulls(body.resources ?? {}) },
    ...containerOptionsOf(body),
    publicAs: body.virtualHost
      ? { domain: publicDomain(body.virtualHost, 'virtualHost', config), port: body.virtualPort ?? null }
      : undefined,
  };
}

/**
 * Checks what a single field cannot: limits of the configuration, duplicates, and fields that contradict each other.
 */
export function runOptionsErrors(body: RunOptionsDto, limits: Limits): FieldError[] {
  return [
    ...portErrors(body, limits),
    ...namedStringErrors('envVars', body.envVars ?? {}, MAX_ENV_VARS, VARIABLES),
    ...commandErrors(body),
    ...healthErrors(body),
    ...resourceErrors(body, limits),
    ...virtualHostErrors(body),
    ...containerOptionsErrors(body, limits),
  ];
}

function portErrors({ ports, replicas }: RunOptionsDto, { hostPorts }: Limits): FieldError[] {
  const list = ports ?? [];
  const errors = [
    ...duplicates(list, 'container', ({ container, protocol }) => `${container}/${protocol ?? 'tcp'}`),
    ...duplicates(list, 'host', ({ host, protocol }) => host && `${host}/${protocol ?? 'tcp'}`),
  ].map(({ index, field }) => ({ path: `ports.${index}.${field}`, message: 'is given twice' }));
  const outside = list.flatMap(({ host }, index) =>
    host != null && (host < hostPorts.first || host > hostPorts.last)
      ? [{ path: `ports.${index}.host`, message: `must be between ${hostPorts.first} and ${hostPorts.last}` }]
      : [],
  );
  const replicated =
    (replicas ?? 1) > 1 && list.some(({ host }) => host != null)
      ? [{ path: 'replicas', message: 'must be 1 with a host port: only one process can hold it' }]
      : [];
  return [...errors, ...outside, ...replicated];
}

/** Validates an object of names and strings that becomes environment variables or build arguments. */
export function namedStringErrors(
  field: string,
  values: Record<string, unknown>,
  max: number,
  naming = IDENTIFIERS,
): FieldError[] {
  const entries = Object.entries(values);
  if (entries.length > max) return [{ path: field, message: `must have at most ${max} names` }];
  if (Buffer.byteLength(JSON.stringify(values)) > MAX_VARIABLES_BYTES)
    return [{ path: field, message: 'must have at most 256 KiB together' }];
  return entries.flatMap(([name, value]) => {
    const path = `${field}.${name.slice(0, 100)}`;
    if (!naming.pattern.test(name)) return [{ path, message: naming.message }];
    if (typeof value !== 'string') return [{ path, message: 'must be a string' }];
    if (value.includes('\0') || value.length > MAX_ENV_VALUE)
      return [{ path, message: `must contain no NUL and at most ${MAX_ENV_VALUE} characters` }];
    return [];
  });
}

function commandErrors({ command, releaseCommand, healthCheck }: RunOptionsDto): FieldError[] {
  const commands = { command, releaseCommand, 'healthCheck.command': healthCheck?.command };
  return Object.entries(commands)
    .filter(([, words]) => Buffer.byteLength(JSON.stringify(words ?? [])) > MAX_COMMAND_BYTES)
    .map(([path]) => ({ path, message: 'must have at most 64 KiB together' }));
}

function healthErrors({ healthCheck, ports }: RunOptionsDto): FieldError[] {
  if (!healthCheck) return [];
  const kinds = (['path', 'tcpPort', 'command', 'disabled'] as const).filter(
    (kind) => healthCheck[kind] != null && healthCheck[kind] !== false,
  );
  if (kinds.length > 1)
    return [{ path: `healthCheck.${kinds[1] ?? ''}`, message: `cannot be combined with ${kinds[0] ?? ''}` }];
  if (healthCheck.path != null && healthCheck.port == null && !declaresTcpPort(ports)) {
    return [{ path: 'healthCheck.port', message: 'is required with path when there is no TCP port in ports' }];
  }
  if (healthCheck.path != null) return [];
  return [
    ...(healthCheck.port == null
      ? []
      : [{ path: 'healthCheck.port', message: 'is only valid with path; use tcpPort to check a port alone' }]),
    ...(healthCheck.host == null ? [] : [{ path: 'healthCheck.host', message: 'is only valid with path' }]),
  ];
}

function resourceErrors({ resources: requested }: RunOptionsDto, { resources: { max } }: Limits): FieldError[] {
  return (['cpus', 'memoryMb', 'pids'] as const).flatMap((unit) =>
    (requested?.[unit] ?? 0) > max[unit]
      ? [{ path: `resources.${unit}`, message: `must be at most ${max[unit]}` }]
      : [],
  );
}

function virtualHostErrors({ virtualHost, virtualPort, ports }: RunOptionsDto): FieldError[] {
  return virtualHost && virtualPort == null && !declaresTcpPort(ports)
    ? [{ path: 'virtualPort', message: 'is required with virtualHost when there is no TCP port in ports' }]
    : [];
}

function declaresTcpPort(ports: RunOptionsDto['ports']): boolean {
  return (ports ?? []).some(({ protocol }) => protocol !== 'udp');
}

function healthCheckOf(dto: HealthCheckDto | undefined, ports: PortMapping[]): HealthCheck {
  if (!dto) return { kind: 'default', ...DEFAULT_HEALTH_TIMING };
  const { path, port, tcpPort, command, disabled, host, ...given } = dto;
  const timing = { ...DEFAULT_HEALTH_TIMING, ...withoutNulls(given) };
  if (disabled) return { kind: 'disabled', ...timing };
  if (path != null)
    return { kind: 'http', path, port: port ?? firstTcpPort(ports) ?? 80, ...(host && { host }), ...timing };
  if (tcpPort != null) return { kind: 'tcp', port: tcpPort, ...timing };
  if (command != null) return { kind: 'command', command, ...timing };
  return { kind: 'default', ...timing };
}

function withoutNulls<T extends object>(value: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry != null)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** The indexes of elements whose key an earlier element has. */
function duplicates<T>(list: T[], field: string, keyOf: (element: T) => unknown): { index: number; field: string }[] {
  const seen = new Set<unknown>();
  return list.flatMap((element, index) => {
    const key = keyOf(element);
    if (key === undefined || key === null || !seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ index, field }];
  });
}
