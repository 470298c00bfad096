import { Injectable } from '@nestjs/common';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import type { Mounted } from '#src/modules/platform-services/service-files.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { REGISTRY_FILES } from './registry-names.js';
import { buildDoorSpec, buildRelaySpec } from './registry-specs.js';

/** The proxies on every node, through which its engine reaches the registry. */
@Injectable()
export class RegistryProxies {
  constructor(
    private readonly nginx: NginxConfig,
    private readonly assets: NginxAssets,
    private readonly rollout: ServiceRollout,
  ) {}

  /** Rolls out door and relay; returns their files. `port`: of the door, on the loopback. */
  async ensure(port: number, signal: AbortSignal): Promise<Mounted[]> {
    const way = this.nginx.registryWay(port);
    const relay = await this.assets.ensure({ text: way.relay, labels: REGISTRY_FILES }, [], signal);
    const door = await this.assets.ensure({ text: way.door, labels: REGISTRY_FILES }, [], signal);
    await this.rollout.apply(buildRelaySpec(relay));
    await this.rollout.apply(buildDoorSpec(door));
    return [...relay.configs, ...door.configs];
  }
}
