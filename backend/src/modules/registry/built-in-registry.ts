import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { Networks } from '#src/integrations/docker/networks.js';
import type { RegistryAuth } from '#src/integrations/docker/registry-auth.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { RegistryAssets } from './registry-assets.js';
import { platformRegistryAuth } from './registry-auth.js';
import { DOOR_SERVICE, REGISTRY_NETWORK, REGISTRY_SERVICE, RELAY_SERVICE } from './registry-names.js';
import { RegistryProxies } from './registry-proxies.js';
import { buildRegistrySpec, type RegistryParts } from './registry-specs.js';

/**
 * Manages the registry for images that are built here, from which every node pulls. It has its own network and no
 * published port: each node's engine reaches it through a proxy on the node's loopback, where engines need no TLS, and
 * no container or other machine has access. See docs/adr/0018.
 */
@Injectable()
export class BuiltInRegistry {
  constructor(
    private readonly config: Config,
    private readonly secrets: SecretBox,
    private readonly networks: Networks,
    private readonly assets: RegistryAssets,
    private readonly proxies: RegistryProxies,
    private readonly rollout: ServiceRollout,
  ) {}

  get isOn(): boolean {
    return this.config.build.builtInRegistry.isOn;
  }

  /** Returns the platform's credentials for push and pull. */
  auth(): RegistryAuth {
    return platformRegistryAuth(this.secrets, this.config.build.builtInRegistry.address);
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
    await this.networks.ensureOverlay(REGISTRY_NETWORK, { [LABELS.managed]: 'true' }, { attachable: false });
    const parts = await this.assets.ensure({ readOnly, auth: this.auth() });
    const serviceId = await this.rollout.apply(buildRegistrySpec(parts));
    const files = await this.proxies.ensure(this.config.build.builtInRegistry.port, signal);
    await this.assets.removeUnused([parts.config, parts.password, ...files]);
    return { parts, serviceId };
  }

  /** Returns why the registry is unavailable, in a sentence; undefined when it is up. */
  async failureReason(): Promise<string | undefined> {
    for (const name of [REGISTRY_SERVICE, RELAY_SERVICE, DOOR_SERVICE]) {
      const problem = await this.rollout.state(name, 'the service does not exist yet');
      if (problem !== undefined) return `${name}: ${problem}`;
    }
    return undefined;
  }
}
