import { LABELS } from '#src/common/labels.js';
import type { ContainerSpec, Mount, ServiceSpec } from '#src/integrations/docker/service-spec.js';
import {
  listens,
  mountedConfigs,
  mountedSecrets,
  NGINX_COMMAND,
  nginxContainer,
  scratch,
  taskDefaults,
} from '#src/modules/platform-services/nginx-container.js';
import type { NginxParts } from '#src/modules/platform-services/nginx-assets.js';
import type { Mounted } from '#src/modules/platform-services/service-files.js';
import { withRevision } from '#src/modules/platform-services/service-revision.js';
import {
  COLLECTOR_SERVICE,
  DOOR_SERVICE,
  REGISTRY_NETWORK,
  REGISTRY_SERVICE,
  REGISTRY_VOLUME,
  RELAY_SERVICE,
  SOCKET_VOLUME,
} from './registry-names.js';

export interface RegistryParts extends Pick<NginxParts, 'engine' | 'probe'> {
  image: string;
  /** node that stores the images */
  nodeId: string;
  config: Mounted;
  /** the htpasswd file */
  password: Mounted;
}

const SECOND_NS = 1_000_000_000;
const MIB = 1024 * 1024;
const PORT = 5000;
const CONFIG_PATH = '/etc/berth/registry.yml';
export const PASSWORD_PATH = '/run/secrets/htpasswd';
const RETAINED_PATH = '/etc/berth/kept';
const DATA = '/var/lib/registry';
const SOCKET_FOLDER = '/run/berth';

/** https://distribution.github.io/distribution/about/configuration/ */
export function registryConfig(readOnly: boolean): { path: string; text: string } {
  const text = `version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: ${DATA} }
  delete: { enabled: true }
  maintenance: { readonly: { enabled: ${readOnly} } }
http: { addr: ':${PORT}' }
auth: { htpasswd: { realm: berth, path: ${PASSWORD_PATH} } }
`;
  return { path: CONFIG_PATH, text };
}

/** Lists the tags that the collector must not delete: one path per line, in the layout of the registry's storage. */
export function retainedTags(images: { repository: string; tag: string }[]): { path: string; text: string } {
  const lines = images.map(({ repository, tag }) => `./${repository}/_manifests/tags/${tag}\n`);
  return { path: RETAINED_PATH, text: lines.sort().join('') || '\n' };
}

/** The new task starts before the old one stops, so that no pull fails; both may read the same files. */
export function buildRegistrySpec(parts: RegistryParts): ServiceSpec {
  return withRevision({
    ...onStorageNode(parts, REGISTRY_SERVICE, {
      ...container(parts, ['registry', 'serve', CONFIG_PATH], [parts.config]),
      ...(parts.probe && { HealthCheck: listens(PORT, parts.engine.startInterval) }),
    }),
    UpdateConfig: { Parallelism: 1, Order: 'start-first', FailureAction: 'pause', Monitor: SECOND_NS },
  });
}

/** Deletes the tags that are not retained, then the blobs without a tag. The registry must be read-only meanwhile. */
const COLLECT = `cd ${DATA}/docker/registry/v2/repositories 2>/dev/null || exit 0
find . -type d -path '*/_manifests/tags/*' -prune | while read -r tag; do grep -qxF "$tag" ${RETAINED_PATH} || rm -r "$tag"; done
exec registry garbage-collect --delete-untagged ${CONFIG_PATH}`;

/** A service whose task runs once. */
export function buildCollectorSpec(parts: RegistryParts, retained: Mounted): ServiceSpec {
  const spec = onStorageNode(
    parts,
    COLLECTOR_SERVICE,
    container(parts, ['sh', '-c', COLLECT], [parts.config, retained]),
  );
  const RestartPolicy = { Condition: 'none' as const, Delay: SECOND_NS };
  return { ...spec, TaskTemplate: { ...spec.TaskTemplate, RestartPolicy, Networks: [] } };
}

/** Proxy from a socket of the node into the registry's network. */
export function buildRelaySpec(parts: NginxParts): ServiceSpec {
  return onEveryNode(parts, RELAY_SERVICE, REGISTRY_NETWORK);
}

/** Proxy from the loopback of the node to that socket. */
export function buildDoorSpec(parts: NginxParts): ServiceSpec {
  return onEveryNode(parts, DOOR_SERVICE, 'host');
}

function onStorageNode({ nodeId }: RegistryParts, name: string, ContainerSpec: ContainerSpec): ServiceSpec {
  return {
    Name: name,
    Labels: { [LABELS.managed]: 'true', [LABELS.registry]: 'registry' },
    TaskTemplate: {
      ...taskDefaults,
      ContainerSpec,
      Resources: { Limits: { MemoryBytes: 512 * MIB, Pids: 256 } },
      Placement: { Constraints: [`node.id==${nodeId}`] },
      Networks: [{ Target: REGISTRY_NETWORK, Aliases: ['registry'] }],
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: 'dnsrr', Ports: [] },
  };
}

function container(
  { image, engine, probe, password }: RegistryParts,
  command: string[],
  configs: Mounted[],
): ContainerSpec {
  return {
    Image: image,
    Labels: {},
    Command: command,
    // By default, version 3 sends traces to an address that does not exist.
    Env: ['OTEL_TRACES_EXPORTER=none'],
    User: '0:0',
    ReadOnly: true,
    Mounts: [...scratch, { Type: 'volume', Source: REGISTRY_VOLUME, Target: DATA, ReadOnly: false }],
    Configs: mountedConfigs(configs, probe),
    Secrets: mountedSecrets([password], 0o444),
    CapabilityDrop: ['ALL'],
    CapabilityAdd: [],
    ...(engine.serviceNoNewPrivileges && { Privileges: { NoNewPrivileges: true } }),
    StopGracePeriod: 10 * SECOND_NS,
  };
}

/** nginx does not start while the socket of a killed predecessor exists. */
const WITHOUT_OLD_SOCKET = ['sh', '-c', `rm -f ${SOCKET_FOLDER}/registry.sock; exec "$@"`, 'relay', ...NGINX_COMMAND];

function onEveryNode(parts: NginxParts, name: string, network: string): ServiceSpec {
  const socket: Mount = {
    Type: 'volume',
    Source: SOCKET_VOLUME,
    Target: SOCKET_FOLDER,
    ReadOnly: false,
    VolumeOptions: {
      DriverConfig: { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs', o: 'mode=1777,size=1m' } },
    },
  };
  return withRevision({
    Name: name,
    Labels: { [LABELS.managed]: 'true', [LABELS.registry]: 'way' },
    TaskTemplate: {
      ...taskDefaults,
      ContainerSpec: {
        ...nginxContainer({ ...parts, probe: undefined }),
        ...(name === RELAY_SERVICE && { Command: WITHOUT_OLD_SOCKET }),
        Mounts: [...scratch, socket],
      },
      Resources: { Limits: { MemoryBytes: 64 * MIB, Pids: 16 } },
      Networks: [{ Target: network, Aliases: [] }],
    },
    Mode: { Global: {} },
    UpdateConfig: { Parallelism: 1, Order: 'stop-first', FailureAction: 'pause', Monitor: SECOND_NS },
    EndpointSpec: { Mode: 'dnsrr', Ports: [] },
  });
}
