import { describe, expect, it } from 'vitest';
import type { NginxParts } from '#src/modules/platform-services/nginx-assets.js';
import {
  buildCollectorSpec,
  buildDoorSpec,
  buildRegistrySpec,
  buildRelaySpec,
  retainedTags,
} from './registry-specs.js';

const engine = { startInterval: true, serviceNoNewPrivileges: true };
const config = { id: 'c1', name: 'berth_registry_1', path: '/etc/berth/registry.yml' };
const nginx: NginxParts = { image: 'nginx', engine, probe: undefined, configs: [] };
const password = { id: 's1', name: 'berth_registry_2', path: '/run/secrets/htpasswd' };
const parts = { image: 'registry:3', engine, probe: undefined, nodeId: 'n1', config, password };
const [registry, collector] = [buildRegistrySpec(parts), buildCollectorSpec(parts, config)];
const [relay, door] = [buildRelaySpec(nginx), buildDoorSpec(nginx)];

describe('the services of the built-in registry', () => {
  it('must publish nothing and have no capability', () => {
    for (const { EndpointSpec, TaskTemplate } of [registry, collector, relay, door]) {
      expect(EndpointSpec.Ports).toEqual([]);
      expect(TaskTemplate.ContainerSpec).toMatchObject({ CapabilityDrop: ['ALL'], CapabilityAdd: [], ReadOnly: true });
    }
  });

  it('must keep the images on one node, and be reachable on every node', () => {
    for (const { TaskTemplate } of [registry, collector])
      expect(TaskTemplate.Placement?.Constraints).toEqual(['node.id==n1']);
    for (const { Mode } of [relay, door]) expect(Mode).toEqual({ Global: {} });
    expect(door.TaskTemplate.Networks).toEqual([{ Target: 'host', Aliases: [] }]);
    expect(relay.TaskTemplate.Networks).toEqual([{ Target: 'berth_registry', Aliases: [] }]);
    expect(relay.TaskTemplate.ContainerSpec.Mounts).toEqual(door.TaskTemplate.ContainerSpec.Mounts);
  });

  it('must have another revision when it is read-only', () => {
    const other = buildRegistrySpec({ ...parts, config: { ...config, id: 'c2', name: 'berth_registry_2' } });
    expect(other.Labels['berth.revision']).not.toBe(registry.Labels['berth.revision']);
  });

  it('must list the retained tags by their path in the registry, one per line', () => {
    expect(retainedTags([{ repository: 'berth/env/shop', tag: 'j1' }]).text).toBe(
      './berth/env/shop/_manifests/tags/j1\n',
    );
    expect(retainedTags([]).text).toBe('\n');
  });
});
