import { Injectable, Logger } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { isDockerError } from '#src/integrations/docker/docker-error.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { ServiceFiles } from '#src/modules/platform-services/service-files.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { AcmeAccount } from './acme-account.js';
import { EDGE_NETWORK, FRONT_SERVICE } from './ingress-names.js';
import { buildFrontSpec } from './ingress-specs.js';

/**
 * Every edge has a task in this network, and two during an update: Swarm's default of a /24 is too small. Swarm
 * allocates this end of its range last.
 */
const SUBNET = '10.255.240.0/20';
const FRONT_FILES = { [LABELS.ingress]: 'front' };

/** Brings the front and the network that it shares with the edges into the Engine, and removes them. */
@Injectable()
export class FrontRollout {
  private readonly logger = new Logger(FrontRollout.name);

  constructor(
    private readonly networks: Networks,
    private readonly services: SwarmServices,
    private readonly files: ServiceFiles,
    private readonly assets: NginxAssets,
    private readonly rollout: ServiceRollout,
    private readonly nginx: NginxConfig,
    private readonly account: AcmeAccount,
  ) {}

  async apply(ports: { http: number; https: number }, signal: AbortSignal): Promise<void> {
    await this.ensureNetwork();
    const thumbprint = await this.account.thumbprint();
    const config = { text: this.nginx.front(thumbprint), labels: FRONT_FILES };
    const parts = await this.assets.ensure(config, [404, 502], signal);
    await this.rollout.apply(buildFrontSpec(parts, thumbprint, ports));
    await this.files.removeUnused(FRONT_FILES, parts.configs);
  }

  /** Removes the front, unless it belongs to another platform. Its network remains while there are edges. */
  async remove(): Promise<void> {
    const front = await this.services.find(FRONT_SERVICE);
    if (front && front.labels[LABELS.account] !== (await this.account.thumbprint())) return;
    if (front) await this.services.remove(FRONT_SERVICE);
    await this.files.removeUnused(FRONT_FILES, []);
    await this.networks.tryRemove(EDGE_NETWORK);
  }

  /** Returns the CIDR of the network that the front shares with the edges. */
  async subnet(): Promise<string> {
    const network = await this.networks.find(EDGE_NETWORK);
    if (!network?.subnet) throw new Error(`the network ${EDGE_NETWORK} has no subnet yet`);
    return network.subnet;
  }

  private async ensureNetwork(): Promise<void> {
    const labels = { [LABELS.managed]: 'true' };
    try {
      await this.networks.ensureOverlay(EDGE_NETWORK, labels, { attachable: false, subnet: SUBNET });
    } catch (error) {
      if (isDockerError(error, 'unavailable')) throw error;
      this.logger.warn(`${EDGE_NETWORK} cannot have ${SUBNET}: ${(error as Error).message}`);
      await this.networks.ensureOverlay(EDGE_NETWORK, labels, { attachable: false });
    }
  }
}
