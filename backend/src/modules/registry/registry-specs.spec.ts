import { describe, expect, it } from 'vitest';
import type { NginxParts } from '#src/modules/platform-services/nginx-mounts.js';
import { buildCollectorSpec, buildDoorSpec, buildRegistrySpec, buildRelaySpec, keptTags } from './registry-specs.js';

const engine = { startInterval: true, serviceNoNewPrivileges: true };
const config = { id: 'c1', name: 'berth_registry_1', path: '/etc/berth/registry.yml' };
const nginx: NginxParts = { image: 'nginx', engine, probe: undefined, configs: [] };
const password = { id: 's1', name: 'berth_registry_2', path: '/run/secrets/htpasswd' };
const parts = { image: 'registry:3', engine, probe: undefined, nodeId: 'n1', config, password };
const [registry, collector] = [buildRegistrySpec(parts), buildCollectorSpec(parts, config)];
const [relay, door] = [buildRelaySpec(nginx), buildDoorSpec(nginx)];

describe('the services of the own registry', () => {
  it('must publish nothing and have no capability', () => {
    for (const { EndpointSpec, TaskTemplate } of [registry, collector, relay, door]) {
      expect(EndpointSpec.Ports).toEqual([]);
      expect(TaskTemplate.ContainerSpec).toMatchObject({ CapabilityDrop: ['ALL'], CapabilityAdd: [], ReadOnly: true });
    }
  });

  it('must keep the images on their node, and have a way to them on every node', () => {
    for (const { TaskTemplate } of [registry, collector])
      expect(TaskTemplate.Placement?.Constraints).toEqual(['node.id==n1']);
    for (const { Mode } of [relay, door]) expect(Mode).toEqual({ Global: {} });
    expect(door.TaskTemplate.Networks).toEqual([{ Target: 'host', Aliases: [] }]);
    expect(relay.TaskTemplate.Networks).toEqual([{ Target: 'berth_registry', Aliases: [] }]);
    expect(relay.TaskTemplate.ContainerSpec.Mounts).toEqual(door.TaskTemplate.ContainerSpec.Mounts);
  });

  it('must be another revision when it takes no pushes', () => {
    const other = buildRegistrySpec({ ...parts, config: { ...config, id: 'c2', name: 'berth_registry_2' } });
    expect(other.Labels['berth.revision']).not.toBe(registry.Labels['berth.revision']);
  });

  it('must name what is kept as the registry lays it out, a whole line each', () => {
    expect(keptTags([{ repository: 'berth/env/shop', tag: 'j1' }]).text).toBe('./berth/env/shop/_manifests/tags/j1\n');
    expect(keptTags([]).text).toBe('\n');
  });
});
