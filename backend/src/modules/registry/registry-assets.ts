import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { Probe } from '#src/modules/platform-services/probe.js';
import { type Mounted, ServiceFiles } from '#src/modules/platform-services/service-files.js';
import { htpasswd } from './registry-auth.js';
import { REGISTRY_FILES, REGISTRY_SERVICE } from './registry-names.js';
import { PASSWORD_PATH, registryConfig, type RegistryParts } from './registry-specs.js';

/** Creates the objects in the Engine that the spec of the registry refers to. */
@Injectable()
export class RegistryAssets {
  constructor(
    private readonly config: Config,
    private readonly engine: Engine,
    private readonly nodes: Nodes,
    private readonly services: SwarmServices,
    private readonly files: ServiceFiles,
    private readonly probe: Probe,
  ) {}

  async ensure({ readOnly, auth }: { readOnly: boolean; auth: RegistryAuth }): Promise<RegistryParts> {
    const engine = await this.engine.inspect();
    return {
      image: this.config.build.builtInRegistry.image,
      engine,
      nodeId: await this.storageNode(engine.nodeId),
      probe: await this.probe.ensure(engine.arch),
      config: await this.file(registryConfig(readOnly)),
      password: await this.files.secret({
        kind: 'registry',
        path: PASSWORD_PATH,
        text: await htpasswd(auth),
        labels: REGISTRY_FILES,
      }),
    };
  }

  /** Creates a Swarm config for a file of the registry. */
  file({ path, text }: { path: string; text: string }): Promise<Mounted> {
    return this.files.config({ kind: 'registry', path, text, labels: REGISTRY_FILES });
  }

  removeUnused(used: Mounted[]): Promise<void> {
    return this.files.removeUnused(REGISTRY_FILES, used);
  }

  /** Returns the node that stores the images while it belongs to the swarm; else this node. */
  private async storageNode(own: string): Promise<string> {
    const running = await this.services.find(REGISTRY_SERVICE);
    const current = /^node\.id==(.+)$/.exec(running?.spec.TaskTemplate.Placement?.Constraints[0] ?? '')?.[1];
    const isMember = current !== undefined && (await this.nodes.list()).some(({ id }) => id === current);
    return isMember ? current : own;
  }
}
