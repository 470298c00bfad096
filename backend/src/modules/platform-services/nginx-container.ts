import type { ContainerSpec, HealthConfig, MountedFile } from '#src/integrations/docker/service-spec.js';
import type { NginxParts } from './nginx-assets.js';
import type { Mounted } from './service-files.js';
import { PROBE_PATH, type ProbeConfig, probeMount } from './probe.js';

const SECOND_NS = 1_000_000_000;
const MIB = 1024 * 1024;
/** The user nobody: nginx listens on high ports and needs no privilege. */
const USER = '65534';
/** nginx of the front and of the edges. */
const HTTP_PORT = 8080;
export const NGINX_COMMAND = ['nginx', '-e', 'stderr', '-c', '/etc/berth/nginx.conf', '-g', 'daemon off;'];

export const taskDefaults = {
  RestartPolicy: { Condition: 'any' as const, Delay: SECOND_NS / 2 },
  LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '3' } },
};

export const scratch = [
  { Type: 'tmpfs' as const, Target: '/tmp', TmpfsOptions: { SizeBytes: 64 * MIB, Mode: 0o1777 } },
];

export function nginxContainer({ image, engine, probe, configs }: NginxParts): ContainerSpec {
  return {
    Image: image,
    Labels: {},
    Command: NGINX_COMMAND,
    Env: [],
    User: `${USER}:${USER}`,
    ReadOnly: true,
    Mounts: scratch,
    Configs: mountedConfigs(configs, probe),
    // No server listens there: a name that Docker's own DNS does not know is not resolved.
    DNSConfig: { Nameservers: ['127.0.0.1'] },
    ...(probe && { HealthCheck: listens(HTTP_PORT, engine.startInterval) }),
    CapabilityDrop: ['ALL'],
    CapabilityAdd: [],
    ...(engine.serviceNoNewPrivileges && { Privileges: { NoNewPrivileges: true } }),
    StopSignal: 'SIGQUIT',
    StopGracePeriod: SECOND_NS,
  };
}

/**
 * Returns a health check that connects to the port. Engines without StartInterval have one fixed interval: a short one
 * for the start, and after the first success each check sleeps for 30 s.
 */
export function listens(port: number, startInterval: boolean): HealthConfig {
  const check = [PROBE_PATH, 'tcp', String(port)];
  const rest = { Timeout: 40 * SECOND_NS, Retries: 3, StartPeriod: 20 * SECOND_NS };
  if (startInterval)
    return { Test: ['CMD', ...check], Interval: 30 * SECOND_NS, StartInterval: SECOND_NS / 5, ...rest };
  const script = `${check.join(' ')} || exit 1; [ -e /tmp/proven ] && exec sleep 30; : > /tmp/proven`;
  return { Test: ['CMD-SHELL', script], Interval: SECOND_NS / 5, ...rest };
}

export function mountedConfigs(configs: Mounted[], probe: ProbeConfig | undefined): ContainerSpec['Configs'] {
  return [
    ...configs.map(({ id, name, path }) => ({ ConfigID: id, ConfigName: name, File: file(path, 0o444) })),
    ...(probe ? [probeMount(probe)] : []),
  ];
}

export function mountedSecrets(secrets: Mounted[], mode: number): ContainerSpec['Secrets'] {
  return secrets.map(({ id, name, path }) => ({ SecretID: id, SecretName: name, File: file(path, mode) }));
}

function file(path: string, mode: number): MountedFile {
  return { Name: path, UID: USER, GID: USER, Mode: mode };
}
