import { type ProbeConfig, probeMount } from '#src/modules/platform-services/probe.js';
import type {
  ContainerSpec,
  Mount,
  MountedFile as FileTarget,
  ServiceSpec,
} from '#src/integrations/docker/service-spec.js';
import { buildHealthConfig } from './health-config.js';
import { LABELS } from '#src/common/labels.js';
import type { MountedFile } from './release-file.js';
import { DEFAULT_HEALTH_TIMING, type MountedRelease, type Release } from './release.js';
import { volumeName } from './names.js';

export interface EngineOffers {
  startInterval: boolean;
  serviceNoNewPrivileges: boolean;
  init: boolean;
}

const SECOND_NS = 1_000_000_000;
const RESTART_DELAY_NS = SECOND_NS / 2;
const MIB = 1024 * 1024;
/** As /tmp: the user of the image is not known here. */
const WRITABLE_BY_ALL = 0o1777;
const NO_HEALTH_CHECK = { kind: 'disabled', ...DEFAULT_HEALTH_TIMING } as const;

/**
 * Builds the ServiceSpec of a release, for create and for update; no other code does. Only the fields set here reach
 * the Engine: no bind mounts, no host network, no driver options, no user labels; capabilities dropped, limits always
 * set.
 */
export function buildServiceSpec(
  release: MountedRelease,
  engine: EngineOffers,
  probe: ProbeConfig | undefined,
): ServiceSpec {
  const labels = labelsOf(release);
  const { cpus, memoryMb, pids } = release.resources;
  return {
    Name: release.serviceName,
    Labels: labels,
    TaskTemplate: {
      ContainerSpec: containerSpec(release, engine, probe, labels),
      Resources: { Limits: { NanoCPUs: Math.round(cpus * 1e9), MemoryBytes: memoryMb * MIB, Pids: pids } },
      RestartPolicy: { Condition: 'any', Delay: RESTART_DELAY_NS },
      ...(release.nodeId !== null && { Placement: { Constraints: [`node.id==${release.nodeId}`] } }),
      Networks: [{ Target: release.network, Aliases: [release.name] }],
      LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '3' } },
    },
    Mode: { Replicated: { Replicas: release.replicas } },
    EndpointSpec: { Mode: 'dnsrr', Ports: publishedPorts(release) },
  };
}

/** A service that runs a command once, with everything else of a release. */
export interface CommandService {
  name: string;
  command: string[];
  /** the label by which it is found */
  label: Record<string, string>;
}

/**
 * Builds the spec of a service that runs a command once, in place of the image's entrypoint: no network alias, no health
 * check, no restart. What a release has beside that, such as variables, volumes and files, the command has too.
 */
export function buildCommandSpec(release: MountedRelease, one: CommandService, engine: EngineOffers): ServiceSpec {
  const { environmentId, name } = release;
  const labels = {
    [LABELS.managed]: 'true',
    [LABELS.environment]: environmentId,
    [LABELS.name]: name,
    ...one.label,
  };
  const once = { ...release, command: [], replicas: 1, ports: [], healthCheck: NO_HEALTH_CHECK };
  const spec = buildServiceSpec(once, engine, undefined);
  const { TaskTemplate: task } = spec;
  return {
    ...spec,
    Name: one.name,
    Labels: labels,
    TaskTemplate: {
      ...task,
      ContainerSpec: { ...task.ContainerSpec, Labels: labels, Command: one.command },
      RestartPolicy: { ...task.RestartPolicy, Condition: 'none' },
      Networks: [{ Target: release.network, Aliases: [] }],
    },
  };
}

function containerSpec(
  release: MountedRelease,
  engine: EngineOffers,
  probe: ProbeConfig | undefined,
  labels: Record<string, string>,
): ContainerSpec {
  const healthCheck = buildHealthConfig(release, engine);
  return {
    Image: release.image,
    Labels: labels,
    ...(release.command.length > 0 && { Args: release.command }),
    ...(release.init && engine.init && { Init: true }),
    Env: Object.entries(release.env).map(([name, value]) => untemplated(`${name}=${value}`)),
    Mounts: mountsOf(release),
    ...fileMounts(release.files, probe),
    ...(healthCheck && { HealthCheck: healthCheck }),
    CapabilityDrop: ['ALL'],
    CapabilityAdd: release.capabilities.map((name) => `CAP_${name}`),
    ...(engine.serviceNoNewPrivileges && { Privileges: { NoNewPrivileges: true } }),
    ...(release.stopSignal !== null && { StopSignal: release.stopSignal }),
    StopGracePeriod: release.stopGraceSeconds * SECOND_NS,
  };
}

function mountsOf({ environmentId, volumes, tmpfs, resources: { shmMb } }: Release): Mount[] {
  const inMemory = [...tmpfs, ...(shmMb === undefined ? [] : [{ path: '/dev/shm', sizeMb: shmMb }])];
  return [
    ...volumes.map(({ name, path, readOnly }) => ({
      Type: 'volume' as const,
      Source: volumeName(environmentId, name),
      Target: untemplated(path),
      ReadOnly: readOnly,
    })),
    ...inMemory.map(({ path, sizeMb }) => ({
      Type: 'tmpfs' as const,
      Target: untemplated(path),
      TmpfsOptions: { SizeBytes: sizeMb * MIB, Mode: WRITABLE_BY_ALL },
    })),
  ];
}

/** Swarm mounts a config or secret at an absolute path read-only, whatever the image has there. */
function fileMounts(files: MountedFile[], probe: ProbeConfig | undefined): Pick<ContainerSpec, 'Configs' | 'Secrets'> {
  const secrets = files.filter(({ secret }) => secret);
  const configs = files.filter(({ secret }) => !secret);
  return {
    Configs: [
      ...(probe ? [probeMount(probe)] : []),
      ...configs.map((file) => ({ ConfigID: file.objectId, ConfigName: file.objectName, File: targetOf(file) })),
    ],
    ...(secrets.length > 0 && {
      Secrets: secrets.map((file) => ({
        SecretID: file.objectId,
        SecretName: file.objectName,
        File: targetOf(file),
      })),
    }),
  };
}

function targetOf({ path, mode, uid, gid }: MountedFile): FileTarget {
  return { Name: path, UID: String(uid), GID: String(gid), Mode: Number.parseInt(mode, 8) };
}

/**
 * Swarm expands Go templates in variables and mounts: https://docs.docker.com/reference/cli/docker/service/create/#create-services-using-templates.
 * A template that prints the two braces leaves the text as the user wrote it.
 */
function untemplated(text: string): string {
  return text.replaceAll('{{', '{{"{{"}}');
}

function labelsOf({ environmentId, deploymentId, name }: Release): Record<string, string> {
  return {
    [LABELS.managed]: 'true',
    [LABELS.environment]: environmentId,
    [LABELS.deployment]: deploymentId,
    [LABELS.name]: name,
  };
}

function publishedPorts({ ports }: Release): ServiceSpec['EndpointSpec']['Ports'] {
  return ports.flatMap(({ container, host, protocol }) =>
    host === undefined ? [] : [{ Protocol: protocol, TargetPort: container, PublishedPort: host, PublishMode: 'host' }],
  );
}
