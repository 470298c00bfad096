import { LABELS } from '../../common/labels.js';
import { PROBE_PATH, type ProbeConfig, probeMount } from '../../core/probe/probe.js';
import type {
  ContainerSpec,
  HealthConfig,
  MountedFile,
  PublishedPort,
  ServiceSpec,
} from '../../integrations/docker/service-spec.js';
import { API_SOCKET_FOLDER } from '../../integrations/nginx/nginx-config.js';
import { API_VOLUME, contentHash, edgeAlias, EDGE_NETWORK, edgeServiceName, FRONT_SERVICE } from './ingress-names.js';

/** A Swarm config or secret and the path where a service has it. */
export interface Mounted {
  id: string;
  name: string;
  path: string;
}

/** What front and edges have in common. */
export interface NginxParts {
  image: string;
  engine: { startInterval: boolean; serviceNoNewPrivileges: boolean };
  probe: ProbeConfig | undefined;
  configs: Mounted[];
}

export interface EdgeParts extends NginxParts {
  site: { id: string; domain: string; environmentId: string | null };
  /** the environment's overlay; of the platform's own name, the node where the API is */
  place: { network: string } | { nodeId: string };
  secrets: Mounted[];
  /** one, or where there are more machines two: a name answers though the machine of one edge has died */
  replicas: number;
}

const SECOND_NS = 1_000_000_000;
const MIB = 1024 * 1024;
/** Nobody's: nginx needs no privilege at all, since it listens on high ports. */
const USER = '65534';
export const NGINX_COMMAND = ['nginx', '-e', 'stderr', '-c', '/etc/berth/nginx.conf', '-g', 'daemon off;'];
const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;

/** One on every node, so that every node's address leads to every site. It holds host ports, so that the old one has to go first. */
export function buildFrontSpec(
  parts: NginxParts,
  thumbprint: string,
  ports: { http: number; https: number },
): ServiceSpec {
  return withRevision({
    Name: FRONT_SERVICE,
    Labels: { [LABELS.managed]: 'true', [LABELS.ingress]: 'front', [LABELS.account]: thumbprint },
    TaskTemplate: {
      ...taskDefaults,
      ContainerSpec: {
        ...nginxContainer(parts),
        // Every visit of plain HTTP is a connection to an edge of its own: its port must be free again after a second, not after a minute.
        Sysctls: { 'net.ipv4.tcp_tw_reuse': '1', 'net.ipv4.ip_local_port_range': '1024 65535' },
        StopGracePeriod: SECOND_NS,
      },
      Resources: { Limits: { MemoryBytes: 512 * MIB, Pids: 512 } },
      // On every node, but for those that the operator keeps out.
      Placement: { Constraints: ['node.labels.berth.ingress!=false'] },
      Networks: [{ Target: EDGE_NETWORK, Aliases: [] }],
    },
    Mode: { Global: {} },
    UpdateConfig: { Parallelism: 1, Order: 'stop-first', FailureAction: 'pause', Monitor: SECOND_NS },
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: [published(HTTP_PORT, ports.http), published(HTTPS_PORT, ports.https)],
    },
  });
}

/** A change is a new task that has to be healthy before the old one goes: a configuration proves itself by starting. */
export function buildEdgeSpec({ site, place, secrets, replicas, ...parts }: EdgeParts): ServiceSpec {
  const isOwn = 'nodeId' in place;
  return withRevision({
    Name: edgeServiceName(site.id),
    Labels: {
      [LABELS.managed]: 'true',
      [LABELS.ingress]: 'edge',
      [LABELS.site]: site.id,
      ...(site.environmentId && { [LABELS.environment]: site.environmentId }),
    },
    TaskTemplate: {
      ...taskDefaults,
      ContainerSpec: {
        ...nginxContainer(parts),
        Mounts: [
          ...scratch,
          ...(isOwn
            ? [{ Type: 'volume' as const, Source: API_VOLUME, Target: API_SOCKET_FOLDER, ReadOnly: true }]
            : []),
        ],
        Secrets: mountedSecrets(secrets, 0o400),
        StopGracePeriod: 20 * SECOND_NS,
      },
      Resources: { Limits: { MemoryBytes: 256 * MIB, Pids: 64 } },
      ...(isOwn && { Placement: { Constraints: [`node.id==${place.nodeId}`] } }),
      Networks: [
        { Target: EDGE_NETWORK, Aliases: [edgeAlias(site.domain)] },
        ...(isOwn ? [] : [{ Target: place.network, Aliases: [] }]),
      ],
    },
    Mode: { Replicated: { Replicas: isOwn ? 1 : replicas } },
    UpdateConfig: { Parallelism: 1, Order: 'start-first', FailureAction: 'pause', Monitor: SECOND_NS },
    EndpointSpec: { Mode: 'dnsrr', Ports: [] },
  });
}

export function revisionOf(spec: ServiceSpec): string {
  return spec.Labels[LABELS.revision] ?? '';
}

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
    // Where nobody answers: what Docker's own DNS does not know leads nowhere.
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
 * That it listens. Engines without StartInterval look at a fixed interval only: a short one for the start, and once it has passed, a check that
 * takes half a minute.
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

function published(inside: number, outside: number): PublishedPort {
  return { Protocol: 'tcp', TargetPort: inside, PublishedPort: outside, PublishMode: 'host' };
}

/** On the service, to see whether it has to change; on its containers, to see which of them are new. */
export function withRevision(spec: ServiceSpec): ServiceSpec {
  const labels = { ...spec.Labels, [LABELS.revision]: contentHash(JSON.stringify(spec)) };
  const { TaskTemplate } = spec;
  return {
    ...spec,
    Labels: labels,
    TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Labels: labels } },
  };
}
