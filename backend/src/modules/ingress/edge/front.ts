import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { NginxConfig } from '#src/integrations/nginx/nginx-config.js';
import { AcmeAccount } from './acme-account.js';
import { EDGE_NETWORK, FRONT_SERVICE } from './ingress-names.js';
import { buildFrontSpec } from './ingress-specs.js';
import { NginxAssets } from '#src/modules/platform-services/nginx-assets.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';

/**
 * Every edge has a task in this network, and two during an update: Swarm's default of a /24 is too small. Swarm
 * allocates this end of its range last.
 */
const SUBNET = '10.255.240.0/20';

const POLL_INTERVAL_MS = 250;

/**
 * Manages the front, the ingress endpoint that holds the host ports. Its configuration does not depend on the sites.
 */
@Injectable()
export class Front {
  private readonly logger = new Logger(Front.name);
  /** why the last `ensure` failed */
  private lastError: string | undefined = 'it is being started';
  /** last warning in the log */
  private logged: string | undefined;

  constructor(
    private readonly config: Config,
    private readonly networks: Networks,
    private readonly services: SwarmServices,
    private readonly configs: Configs,
    private readonly parts: NginxAssets,
    private readonly rollout: ServiceRollout,
    private readonly nginx: NginxConfig,
    private readonly account: AcmeAccount,
  ) {}

  /** Rolls out the front, or removes it when the ingress is off. Throws when that fails. */
  async ensure(signal: AbortSignal): Promise<void> {
    try {
      if (this.config.ingress.isOn) await this.rollOut(signal);
      else await this.remove();
      this.lastError = undefined;
      this.logged = undefined;
    } catch (error) {
      this.lastError = (error as Error).message;
      if (!signal.aborted) this.logOnce(error as Error);
      throw error;
    }
  }

  /** A registry reports one outage with several messages: it is logged once. */
  private logOnce(error: Error): void {
    const { image } = this.config.ingress;
    const text =
      error instanceof RegistryError
        ? `Public names wait for the image ${image}, which cannot be pulled (${error.kind}); Berth retries with backoff.`
        : `the front cannot be started: ${error.message}`;
    if (text !== this.logged) this.logger.warn(text);
    this.logged = text;
  }

  /** Returns why the front does not serve, in a sentence; undefined when it does. */
  async failureReason(): Promise<string | undefined> {
    if (!this.config.ingress.isOn) return 'the operator has switched public domains off';
    const service = await this.services.find(FRONT_SERVICE);
    return service ? this.rollout.state(service.id) : (this.lastError ?? 'its service was removed');
  }

  /** Like `failureReason`, but waits up to `withinMs` for the front to start. */
  async failureReasonWithin(withinMs: number, signal: AbortSignal): Promise<string | undefined> {
    const end = Date.now() + withinMs;
    for (;;) {
      const problem = await this.failureReason();
      if (problem === undefined || Date.now() > end) return problem && sentence(problem);
      await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Throws INGRESS_UNAVAILABLE when the front does not serve. */
  async require(): Promise<void> {
    const problem = await this.failureReason();
    if (problem === undefined) return;
    throw new DomainError('INGRESS_UNAVAILABLE', {
      detail: sentence(problem),
      hint: 'The operator finds more in GET /health.',
    });
  }

  /** Returns the CIDR of the network that the front shares with the edges. */
  async subnet(): Promise<string> {
    const network = await this.networks.find(EDGE_NETWORK);
    if (!network?.subnet) throw new Error(`the network ${EDGE_NETWORK} has no subnet yet`);
    return network.subnet;
  }

  private async rollOut(signal: AbortSignal): Promise<void> {
    await this.ensureNetwork();
    const thumbprint = await this.account.thumbprint();
    const text = this.nginx.front(thumbprint);
    const parts = await this.parts.ensure({ text, labels: { [LABELS.ingress]: 'front' } }, [404, 502], signal);
    const { httpPort, httpsPort } = this.config.ingress;
    await this.rollout.apply(buildFrontSpec(parts, thumbprint, { http: httpPort, https: httpsPort }));
    await this.collect(new Set(parts.configs.map(({ id }) => id)));
  }

  /** Removes the front, unless it belongs to another platform. Its network remains while there are edges. */
  private async remove(): Promise<void> {
    const front = await this.services.find(FRONT_SERVICE);
    if (front && front.labels[LABELS.account] !== (await this.account.thumbprint())) return;
    await this.services.remove(FRONT_SERVICE);
    await this.collect(new Set());
    await this.networks.tryRemove(EDGE_NETWORK);
  }

  private async collect(used: Set<string>): Promise<void> {
    for (const { id } of await this.configs.list({ [LABELS.ingress]: 'front' }))
      if (!used.has(id)) await this.configs.tryRemove(id);
  }

  private async ensureNetwork(): Promise<void> {
    const labels = { [LABELS.managed]: 'true' };
    try {
      await this.networks.ensureOverlay(EDGE_NETWORK, labels, { attachable: false, subnet: SUBNET });
    } catch (error) {
      this.logger.warn(`${EDGE_NETWORK} cannot have ${SUBNET}: ${(error as Error).message}`);
      await this.networks.ensureOverlay(EDGE_NETWORK, labels, { attachable: false });
    }
  }
}

function sentence(problem: string): string {
  return `Public domains are not served now: ${problem}.`;
}
