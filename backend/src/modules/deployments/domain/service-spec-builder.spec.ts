import { describe, expect, it } from 'vitest';
import {
  BASELINE_CAPABILITIES,
  DEFAULT_HEALTH_TIMING,
  type MountedRelease,
  type Release,
  stopsFirst,
} from './release.js';
import { checkKindOf, effectiveTiming, startLimitSeconds, timingOf } from './health-config.js';
import { buildCommandSpec, buildServiceSpec } from './service-spec-builder.js';

const OLD = { startInterval: false, serviceNoNewPrivileges: false, init: true };
const NEW = { startInterval: true, serviceNoNewPrivileges: true, init: true };
const PROBE = { id: 'config1', name: 'berth_probe_amd64_0123' };

const release: MountedRelease = {
  nodeId: null,
  deploymentId: 'd1',
  environmentId: 'e1',
  serviceName: 'shop-web-abc',
  name: 'web',
  network: 'overlay_env_shop_1',
  image: 'nginx@sha256:abc',
  replicas: 2,
  command: [],
  env: { A: '1' },
  ports: [{ container: 80, protocol: 'tcp' }],
  volumes: [{ name: 'data', path: '/data', readOnly: true }],
  healthCheck: { kind: 'default', ...DEFAULT_HEALTH_TIMING },
  tmpfs: [],
  files: [],
  imageHealth: undefined,
  publicDomain: null,
  resources: { cpus: 0.5, memoryMb: 64, pids: 100 },
  capabilities: [...BASELINE_CAPABILITIES],
  init: true,
  stopGraceSeconds: 10,
  stopSignal: null,
};

const MIGRATE = { name: 'shop-web-abc-c', command: ['npm', 'run', 'migrate'], label: { 'berth.run': 'r1' } };

describe('the one builder of service specs', () => {
  it('must describe the whole service, hardened', () => {
    const labels = {
      'berth.managed': 'true',
      'berth.environment': 'e1',
      'berth.deployment': 'd1',
      'berth.name': 'web',
    };
    expect(buildServiceSpec(release, NEW, PROBE)).toEqual({
      Name: 'shop-web-abc',
      Labels: labels,
      TaskTemplate: {
        ContainerSpec: {
          Image: 'nginx@sha256:abc',
          Labels: labels,
          Init: true,
          Env: ['A=1'],
          Mounts: [{ Type: 'volume', Source: 'berth_e1_data', Target: '/data', ReadOnly: true }],
          Configs: [
            {
              ConfigID: 'config1',
              ConfigName: PROBE.name,
              File: { Name: '/.berth/probe', UID: '0', GID: '0', Mode: 0o555 },
            },
          ],
          HealthCheck: {
            Test: ['CMD', '/.berth/probe', 'tcp', '80'],
            Interval: 10e9,
            Timeout: 5e9,
            Retries: 3,
            StartPeriod: 60e9,
            StartInterval: 0.2e9,
          },
          CapabilityDrop: ['ALL'],
          CapabilityAdd: [
            'CAP_CHOWN',
            'CAP_DAC_OVERRIDE',
            'CAP_FOWNER',
            'CAP_SETGID',
            'CAP_SETUID',
            'CAP_NET_BIND_SERVICE',
            'CAP_KILL',
          ],
          Privileges: { NoNewPrivileges: true },
          StopGracePeriod: 10e9,
        },
        Resources: { Limits: { NanoCPUs: 5e8, MemoryBytes: 64 * 1024 * 1024, Pids: 100 } },
        RestartPolicy: { Condition: 'any', Delay: 0.5e9 },
        Networks: [{ Target: 'overlay_env_shop_1', Aliases: ['web'] }],
        LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '3' } },
      },
      Mode: { Replicated: { Replicas: 2 } },
      EndpointSpec: { Mode: 'dnsrr', Ports: [] },
    });
  });

  it('must ask an old engine for nothing that it does not know, and keep interval × retries of the check', () => {
    const { ContainerSpec } = buildServiceSpec(release, OLD, PROBE).TaskTemplate;
    expect(ContainerSpec.Privileges).toBeUndefined();
    expect(ContainerSpec.HealthCheck).toEqual({
      Test: ['CMD', '/.berth/probe', 'calm', '8', '60', 'tcp', '80'],
      Interval: 2e9,
      Timeout: 13e9,
      Retries: 15,
      StartPeriod: 60e9,
    });
    const check = (healthCheck: Release['healthCheck']) =>
      buildServiceSpec({ ...release, healthCheck }, OLD, PROBE).TaskTemplate.ContainerSpec.HealthCheck;
    const slow = { ...DEFAULT_HEALTH_TIMING, startPeriodSeconds: 300 };
    expect(check({ kind: 'http', path: '/', port: 80, ...slow })?.Test).toContain('300');
    const command = check({ kind: 'command', command: ['true'], ...DEFAULT_HEALTH_TIMING });
    expect(command).toMatchObject({ Test: ['CMD', 'true'], Timeout: 5e9 });
    const quick = { ...DEFAULT_HEALTH_TIMING, intervalSeconds: 1 };
    expect(check({ kind: 'tcp', port: 80, ...quick })).toMatchObject({ Test: ['CMD', '/.berth/probe', 'tcp', '80'] });
  });

  it('must give variables and paths as the user wrote them: Swarm expands templates in both', () => {
    const env = {
      '{{x': '',
      A: '{{.Node.Hostname}}',
      B: 's3cr3t-{{canary"',
      C: '{{{{{',
      D: '}} { {',
      E: '{{- x -}} {{/* */}}',
    };
    const volumes = [{ name: 'data', path: '/data/{{.Task.ID}}', readOnly: false }];
    const { ContainerSpec } = buildServiceSpec({ ...release, env, volumes }, NEW, PROBE).TaskTemplate;
    expect(ContainerSpec.Env).toEqual([
      '{{"{{"}}x=',
      'A={{"{{"}}.Node.Hostname}}',
      'B=s3cr3t-{{"{{"}}canary"',
      'C={{"{{"}}{{"{{"}}{',
      'D=}} { {',
      'E={{"{{"}}- x -}} {{"{{"}}/* */}}',
    ]);
    expect(ContainerSpec.Mounts).toMatchObject([{ Target: '/data/{{"{{"}}.Task.ID}}' }]);
    const command = buildCommandSpec({ ...release, env }, MIGRATE, NEW);
    expect(command.TaskTemplate.ContainerSpec.Env).toEqual(ContainerSpec.Env);
  });

  it('must mount files with their mode and owner, secrets as secrets, for the release and its command', () => {
    const file = { uid: 0, gid: 0, sizeBytes: 1, sha256: null, contentId: 'c', objectName: 'berth_file_x' };
    const files = [
      { ...file, path: '/etc/{{x}}.conf', mode: '0444', secret: false, objectId: 'config2' },
      { ...file, path: '/key', mode: '0400', secret: true, uid: 1000, gid: 1001, objectId: 'secret1' },
    ];
    const { ContainerSpec } = buildServiceSpec({ ...release, files }, NEW, PROBE).TaskTemplate;
    const config = {
      ConfigID: 'config2',
      ConfigName: 'berth_file_x',
      File: { Name: '/etc/{{x}}.conf', UID: '0', GID: '0', Mode: 0o444 },
    };
    const secret = {
      SecretID: 'secret1',
      SecretName: 'berth_file_x',
      File: { Name: '/key', UID: '1000', GID: '1001', Mode: 0o400 },
    };
    expect(ContainerSpec.Configs).toEqual([expect.objectContaining({ ConfigID: 'config1' }), config]);
    expect(ContainerSpec.Secrets).toEqual([secret]);
    const command = buildCommandSpec({ ...release, files }, MIGRATE, NEW).TaskTemplate.ContainerSpec;
    expect([command.Configs, command.Secrets]).toEqual([[config], [secret]]);
  });

  it('must run a command in place of the entrypoint, with everything else of the release', () => {
    const spec = buildCommandSpec({ ...release, command: ['serve'] }, MIGRATE, NEW);
    expect(spec.TaskTemplate.ContainerSpec.Command).toEqual(['npm', 'run', 'migrate']);
    expect(spec.TaskTemplate.ContainerSpec.Args).toBeUndefined();
    const own = buildServiceSpec({ ...release, ports: [] }, NEW, undefined).TaskTemplate;
    const { Image, Env, Mounts, CapabilityAdd, CapabilityDrop, Privileges } = own.ContainerSpec;
    expect(spec.TaskTemplate.ContainerSpec).toMatchObject({ Image, Env, Mounts, CapabilityAdd, CapabilityDrop });
    expect(spec.TaskTemplate.ContainerSpec.Privileges).toEqual(Privileges);
    expect(spec.TaskTemplate.Resources).toEqual(own.Resources);
  });

  it('must run a command once, outside of the name, and count it as no replica', () => {
    const { Name, Labels, TaskTemplate: task, Mode, EndpointSpec } = buildCommandSpec(release, MIGRATE, NEW);
    expect([Name, Mode, EndpointSpec.Ports]).toEqual(['shop-web-abc-c', { Replicated: { Replicas: 1 } }, []]);
    expect(task.RestartPolicy.Condition).toBe('none');
    expect(task.Networks).toEqual([{ Target: release.network, Aliases: [] }]);
    expect(task.ContainerSpec.HealthCheck).toEqual({ Test: ['NONE'] });
    expect(Labels).toEqual(task.ContainerSpec.Labels);
    expect(Labels).toEqual({
      'berth.managed': 'true',
      'berth.environment': 'e1',
      'berth.name': 'web',
      'berth.run': 'r1',
    });
  });

  it('must mount folders in memory, stop as the request says, and run without an init process where it must', () => {
    const options = {
      volumes: [],
      tmpfs: [{ path: '/cache', sizeMb: 16 }],
      resources: { ...release.resources, shmMb: 128 },
      init: false,
      stopGraceSeconds: 120,
      stopSignal: 'SIGINT',
    };
    const { ContainerSpec } = buildServiceSpec({ ...release, ...options }, NEW, PROBE).TaskTemplate;
    expect(ContainerSpec.Mounts).toEqual([
      { Type: 'tmpfs', Target: '/cache', TmpfsOptions: { SizeBytes: 16 * 2 ** 20, Mode: 0o1777 } },
      { Type: 'tmpfs', Target: '/dev/shm', TmpfsOptions: { SizeBytes: 128 * 2 ** 20, Mode: 0o1777 } },
    ]);
    expect(ContainerSpec).toMatchObject({ StopSignal: 'SIGINT', StopGracePeriod: 120e9 });
    expect(ContainerSpec.Init).toBeUndefined();
    expect(buildServiceSpec(release, { ...NEW, init: false }, PROBE).TaskTemplate.ContainerSpec.Init).toBeUndefined();
  });

  it("must ask an image's own check often while the container starts, and then at its interval", () => {
    const rare = timingOf({ Test: ['CMD', 'true'], Interval: 300e9, Timeout: 3e9 });
    const check = (engine: typeof OLD) =>
      buildServiceSpec({ ...release, imageHealth: rare }, engine, PROBE).TaskTemplate.ContainerSpec.HealthCheck;
    const common = { Test: [], Timeout: 3e9, StartPeriod: 60e9 };
    expect(check(NEW)).toEqual({ ...common, Interval: 300e9, Retries: 3, StartInterval: 1e9 });
    expect(check(OLD)).toEqual({ ...common, Interval: 5e9, Retries: 180 });
    expect(startLimitSeconds({ ...release, imageHealth: rare })).toBe(180);
    const patient = { ...DEFAULT_HEALTH_TIMING, kind: 'default', startPeriodSeconds: 300 } as const;
    expect(effectiveTiming({ ...release, imageHealth: rare, healthCheck: patient })).toEqual({
      intervalSeconds: 300,
      timeoutSeconds: 3,
      retries: 3,
      startPeriodSeconds: 300,
    });
    expect(timingOf({ Test: ['CMD', 'true'] })).toEqual({
      intervalSeconds: 30,
      timeoutSeconds: 30,
      retries: 3,
      startPeriodSeconds: 0,
    });
  });

  it('must send the host of the request, else the public name and then localhost', () => {
    const http = { kind: 'http', path: '/', port: 80, ...DEFAULT_HEALTH_TIMING } as const;
    const test = (more: Partial<MountedRelease>) =>
      buildServiceSpec({ ...release, ...more }, NEW, PROBE).TaskTemplate.ContainerSpec.HealthCheck?.Test.slice(4);
    expect(test({ healthCheck: http })).toEqual(['/']);
    expect(test({ healthCheck: http, publicDomain: 'shop.test' })).toEqual(['/', 'shop.test', 'localhost']);
    expect(test({ healthCheck: { ...http, host: 'a.test' }, publicDomain: 'shop.test' })).toEqual(['/', 'a.test']);
  });

  it('must publish host ports on the host itself', () => {
    const spec = buildServiceSpec(
      { ...release, ports: [{ container: 53, host: 5353, protocol: 'udp' }] },
      NEW,
      undefined,
    );
    expect(spec.EndpointSpec.Ports).toEqual([
      { Protocol: 'udp', TargetPort: 53, PublishedPort: 5353, PublishMode: 'host' },
    ]);
    expect(spec.TaskTemplate.ContainerSpec.Configs).toEqual([]);
    expect(spec.TaskTemplate.ContainerSpec.HealthCheck).toBeUndefined();
  });

  it('must choose the check of the request, else of the image, else the first TCP port, else none', () => {
    expect(
      checkKindOf({ ...release, healthCheck: { kind: 'http', path: '/', port: 80, ...DEFAULT_HEALTH_TIMING } }),
    ).toBe('http');
    expect(checkKindOf({ ...release, imageHealth: DEFAULT_HEALTH_TIMING })).toBe('image');
    expect(checkKindOf(release)).toBe('tcp');
    expect(checkKindOf({ ...release, ports: [{ container: 53, protocol: 'udp' }] })).toBe('none');
    expect(checkKindOf({ ...release, healthCheck: { kind: 'disabled', ...DEFAULT_HEALTH_TIMING } })).toBe('none');
  });

  it('must stop the old release first for host ports and writable volumes only', () => {
    expect(stopsFirst(release)).toBe(false);
    expect(stopsFirst({ ...release, ports: [{ container: 80, host: 8080, protocol: 'tcp' }] })).toBe(true);
    expect(stopsFirst({ ...release, volumes: [{ name: 'd', path: '/d', readOnly: false }] })).toBe(true);
  });
});
