import { describe, expect, it } from 'vitest';
import { buildEdgeSpec, buildFrontSpec, type EdgeParts } from './ingress-specs.js';
import { revisionOf } from '#src/modules/platform-services/service-revision.js';

const PARTS: EdgeParts = {
  image: 'nginx@sha256:abc',
  engine: { startInterval: true, serviceNoNewPrivileges: true },
  probe: { id: 'p1', name: 'berth_probe' },
  configs: [{ id: 'c1', name: 'berth_nginx_1', path: '/etc/berth/nginx.conf' }],
  replicas: 1,
  secrets: [{ id: 's1', name: 'berth_key_1', path: '/run/secrets/key.pem' }],
  site: { id: 'site1', domain: 'shop.example.com', environmentId: 'env1' },
  place: { network: 'overlay_env_shop_1' },
};

describe('an edge', () => {
  const spec = buildEdgeSpec(PARTS);
  const { ContainerSpec: container, Networks } = spec.TaskTemplate;

  it("must join the front's network with its alias, and the network of one environment", () => {
    expect(Networks).toEqual([
      { Target: 'berth_edge', Aliases: ['shop.example.com.edge'] },
      { Target: 'overlay_env_shop_1', Aliases: [] },
    ]);
    expect(spec.EndpointSpec).toEqual({ Mode: 'dnsrr', Ports: [] });
    expect(spec.Labels).toMatchObject({ 'berth.environment': 'env1', 'berth.site': 'site1' });
  });

  it('must run as nobody, without capabilities, on a file system that it cannot write', () => {
    expect(container).toMatchObject({
      User: '65534:65534',
      ReadOnly: true,
      CapabilityDrop: ['ALL'],
      CapabilityAdd: [],
      Privileges: { NoNewPrivileges: true },
      Mounts: [{ Type: 'tmpfs', Target: '/tmp' }],
    });
    expect(container.Secrets?.[0]?.File).toMatchObject({ UID: '65534', Mode: 0o400 });
  });

  it('must be healthy before the old task stops, with a fast first check, on engines of any version', () => {
    expect(spec.UpdateConfig).toMatchObject({ Order: 'start-first', FailureAction: 'pause' });
    expect(container.HealthCheck).toMatchObject({ StartInterval: 200_000_000 });
    const older = buildEdgeSpec({ ...PARTS, engine: { startInterval: false, serviceNoNewPrivileges: false } });
    expect(older.TaskTemplate.ContainerSpec.HealthCheck).toMatchObject({ Interval: 200_000_000 });
    expect(older.TaskTemplate.ContainerSpec.HealthCheck?.StartInterval).toBeUndefined();
  });

  it('must have another revision when any part changes, and the same otherwise', () => {
    expect(revisionOf(buildEdgeSpec(PARTS))).toBe(revisionOf(spec));
    expect(revisionOf(buildEdgeSpec({ ...PARTS, secrets: [] }))).not.toBe(revisionOf(spec));
    expect(container.Labels['berth.revision']).toBe(revisionOf(spec));
  });

  it('must reach the API only through its volume, on the node of the API', () => {
    const own = buildEdgeSpec({
      ...PARTS,
      site: { id: 'own', domain: 'berth.example.com', environmentId: null },
      place: { nodeId: 'n1' },
    });
    expect(own.TaskTemplate.Networks.map(({ Target }) => Target)).toEqual(['berth_edge']);
    expect(own.TaskTemplate.ContainerSpec.Mounts).toContainEqual({
      Type: 'volume',
      Source: 'berth_api',
      Target: '/run/berth',
      ReadOnly: true,
    });
    expect(own.TaskTemplate.Placement).toEqual({ Constraints: ['node.id==n1'] });
    expect(own.Labels['berth.environment']).toBeUndefined();
  });
});

describe('the front', () => {
  it("must join no environment's network, and publish the host ports", () => {
    const spec = buildFrontSpec(PARTS, 'thumbprint', { http: 80, https: 443 });
    expect(spec.TaskTemplate.Networks).toEqual([{ Target: 'berth_edge', Aliases: [] }]);
    expect(spec.EndpointSpec.Ports).toEqual([
      { Protocol: 'tcp', TargetPort: 8080, PublishedPort: 80, PublishMode: 'host' },
      { Protocol: 'tcp', TargetPort: 8443, PublishedPort: 443, PublishMode: 'host' },
    ]);
    expect(spec.UpdateConfig?.Order).toBe('stop-first');
    expect(spec.Mode).toEqual({ Global: {} });
  });
});
