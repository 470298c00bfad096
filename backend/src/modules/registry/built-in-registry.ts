import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { Probe } from '#src/modules/platform-services/probe.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { Secrets } from '#src/integrations/docker/secrets.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { contentName } from '#src/modules/platform-services/content-names.js';
import type { Mounted } from '#src/modules/platform-services/nginx-mounts.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { htpasswd, platformRegistryAuth } from './registry-auth.js';
import { DOOR_SERVICE, REGISTRY_NETWORK, REGISTRY_SERVICE, RELAY_SERVICE } from './registry-names.js';
import {
  buildDoorSpec,
  buildRegistrySpec,
  buildRelaySpec,
  PASSWORD_PATH,
  registryConfig,
  type RegistryParts,
} from './registry-specs.js';

const LABELLED = { [LABELS.managed]: 'true', [LABELS.registry]: 'config' };

/**
 * Manages the registry for images that are built here, from which every node pulls. It has its own network and no
 * published port: each node's engine reaches it through a proxy on the node's loopback, where engines need no TLS, and
 * no container or other machine has access. See docs/adr/0018.
 */
@Injectable()
export class BuiltInRegistry {
  constructor(
    private readonly config: Config,
    private readonly engine: Engine,
    private readonly nodes: Nodes,
    private readonly networks: Networks,
    private readonly services: SwarmServices,
    private readonly configs: Configs,
    private readonly secrets: Secrets,
    private readonly secretBox: SecretBox,
    private readonly probe: Probe,
    private readonly nginx: NginxConfig,
    private readonly parts: NginxAssets,
    private readonly rollout: ServiceRollout,
  ) {}

  get isOn(): boolean {
    return this.config.build.builtInRegistry.isOn;
  }

  /** Returns the platform's credentials for push and pull. */
  auth(): RegistryAuth {
    return platformRegistryAuth(this.secretBox, this.config.build.builtInRegistry.address);
  }

  /** Whether the image belongs to this registry by its name, also while the registry is off. */
  holds(image: string): boolean {
    return image.startsWith(`${this.config.build.builtInRegistry.address}/`);
  }

  /** Rolls out the registry and its proxies; returns the parts and id of its service. `readOnly`: it refuses pushes. */
  async ensure(
    { readOnly }: { readOnly: boolean },
    signal: AbortSignal,
  ): Promise<{ parts: RegistryParts; serviceId: string }> {
    const { builtInRegistry } = this.config.build;
    await this.networks.ensureOverlay(REGISTRY_NETWORK, { [LABELS.managed]: 'true' }, { attachable: false });
    const parts = await this.registryParts(builtInRegistry.image, readOnly);
    const serviceId = await this.rollout.apply(buildRegistrySpec(parts));
    const way = this.nginx.registryWay(builtInRegistry.port);
    const relay = await this.parts.ensure({ text: way.relay, labels: LABELLED }, [], signal);
    const door = await this.parts.ensure({ text: way.door, labels: LABELLED }, [], signal);
    await this.rollout.apply(buildRelaySpec(relay));
    await this.rollout.apply(buildDoorSpec(door));
    await this.collectFiles(
      new Set([parts.config, parts.password, ...relay.configs, ...door.configs].map(({ id }) => id)),
    );
    return { parts, serviceId };
  }

  /** Returns why the registry is unavailable, in a sentence; undefined when it is up. */
  async failureReason(): Promise<string | undefined> {
    for (const name of [REGISTRY_SERVICE, RELAY_SERVICE, DOOR_SERVICE]) {
      const service = await this.services.find(name);
      const problem = service ? await this.rollout.state(service.id) : 'the service does not exist yet';
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  }

  private async registryParts(image: string, readOnly: boolean): Promise<RegistryParts> {
    const engine = await this.engine.inspect();
    return {
      image,
      engine,
      nodeId: await this.storageNode(engine.nodeId),
      probe: await this.probe.ensure(engine.arch),
      config: await this.file(registryConfig(readOnly)),
      password: await this.password(),
    };
  }

  /** Creates a Swarm config for a file of the registry. */
  async file({ path, text }: { path: string; text: string }): Promise<Mounted> {
    const name = contentName('registry', text);
    return { name, path, id: await this.configs.ensure(name, Buffer.from(text), LABELLED) };
  }

  private async password(): Promise<Mounted> {
    const text = await htpasswd(this.auth());
    const name = contentName('registry', text);
    return { name, path: PASSWORD_PATH, id: await this.secrets.ensure(name, Buffer.from(text), LABELLED) };
  }

  /** Returns the node that stores the images while it belongs to the swarm; else this node. */
  private async storageNode(own: string): Promise<string> {
    const running = await this.services.find(REGISTRY_SERVICE);
    const current = /^node\.id==(.+)$/.exec(running?.spec.TaskTemplate.Placement?.Constraints[0] ?? '')?.[1];
    const isMember = current !== undefined && (await this.nodes.list()).some(({ id }) => id === current);
    return isMember ? current : own;
  }

  private async collectFiles(used: Set<string>): Promise<void> {
    for (const surface of [this.configs, this.secrets])
      for (const { id } of await surface.list({ [LABELS.registry]: 'config' }))
        if (!used.has(id)) await surface.tryRemove(id);
  }
}
