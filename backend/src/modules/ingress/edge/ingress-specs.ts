import { LABELS } from '#src/common/labels.js';
import {
  mountedSecrets,
  nginxContainer,
  scratch,
  taskDefaults,
} from '#src/modules/platform-services/nginx-container.js';
import type { NginxParts } from '#src/modules/platform-services/nginx-assets.js';
import type { Mounted } from '#src/modules/platform-services/service-files.js';
import { withRevision } from '#src/modules/platform-services/service-revision.js';
import type { PublishedPort, ServiceSpec } from '#src/integrations/docker/service-spec.js';
import { API_SOCKET_FOLDER } from '#src/integrations/nginx/nginx-config.js';
import { API_VOLUME, edgeAlias, EDGE_NETWORK, edgeServiceName, FRONT_SERVICE } from './ingress-names.js';

export interface EdgeParts extends NginxParts {
  site: { id: string; domain: string; environmentId: string | null };
  /** the environment's overlay, or for the platform's own name the node of the API */
  place: { network: string } | { nodeId: string };
  secrets: Mounted[];
  /** 1, or 2 with several nodes: a site survives the failure of a node */
  replicas: number;
}

const SECOND_NS = 1_000_000_000;
const MIB = 1024 * 1024;
/**
 * The front opens a connection to an edge for every plain HTTP request, and an edge one to the application for every
 * request with an effect: local ports must be reusable after 1 s, not 60 s.
 */
const MANY_CONNECTIONS = { 'net.ipv4.tcp_tw_reuse': '1', 'net.ipv4.ip_local_port_range': '1024 65535' };
const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;

/** A global service: every node's address serves every site. It publishes host ports, so the old task stops first. */
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
        Sysctls: MANY_CONNECTIONS,
        StopGracePeriod: SECOND_NS,
      },
      Resources: { Limits: { MemoryBytes: 512 * MIB, Pids: 512 } },
      // Operators exclude a node with this label.
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

/**
 * A change starts a new task, which must be healthy before the old one stops: an invalid configuration never serves.
 */
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
        Sysctls: MANY_CONNECTIONS,
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

function published(inside: number, outside: number): PublishedPort {
  return { Protocol: 'tcp', TargetPort: inside, PublishedPort: outside, PublishMode: 'host' };
}
