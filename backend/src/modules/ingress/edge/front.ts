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
 * Every edge is a task in this network, and two while it changes: a /24, as Swarm gives, is too small. The end of Swarm's own range is the last
 * that it would give to anybody else.
 */
const SUBNET = '10.255.240.0/20';

const POLL_INTERVAL_MS = 250;

/** The front: it is the same whatever sites there are. */
@Injectable()
export class Front {
  private readonly logger = new Logger(Front.name);
  /** why it could not be brought into the Engine the last time */
  private trouble: string | undefined = 'it is being started';
  /** what the log has said of it */
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

  /** Makes it what it should be, or takes it away where the ingress is switched off. Throws when that cannot be. */
  async ensure(signal: AbortSignal): Promise<void> {
    try {
      if (this.config.ingress.isOn) await this.bring(signal);
      else await this.remove();
      this.trouble = undefined;
      this.logged = undefined;
    } catch (error) {
      this.trouble = (error as Error).message;
      if (!signal.aborted) this.logOnce(error as Error);
      throw error;
    }
  }

  /** A registry words one outage in several ways: it is logged as one. */
  private logOnce(error: Error): void {
    const { image } = this.config.ingress;
    const text =
      error instanceof RegistryError
        ? `Public names wait for the image ${image}, which cannot be pulled (${error.kind}); Berth retries with growing pauses.`
        : `the front cannot be started: ${error.message}`;
    if (text !== this.logged) this.logger.warn(text);
    this.logged = text;
  }

  /** What visitors would find wrong, in a sentence; undefined when it serves. */
  async failureReason(): Promise<string | undefined> {
    if (!this.config.ingress.isOn) return 'the operator has switched public domains off';
    const service = await this.services.find(FRONT_SERVICE);
    return service ? this.rollout.state(service.id) : (this.trouble ?? 'its service was removed');
  }

  /** The same for those who can wait for it to start. */
  async problemWithin(withinMs: number, signal: AbortSignal): Promise<string | undefined> {
    const end = Date.now() + withinMs;
    for (;;) {
      const problem = await this.failureReason();
      if (problem === undefined || Date.now() > end) return problem && sentence(problem);
      await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Throws INGRESS_UNAVAILABLE when nothing could be made public now. */
  async require(): Promise<void> {
    const problem = await this.failureReason();
    if (problem === undefined) return;
    throw new DomainError('INGRESS_UNAVAILABLE', {
      detail: sentence(problem),
      hint: 'The operator finds more in GET /health.',
    });
  }

  /** CIDR of the network that it shares with the edges. */
  async subnet(): Promise<string> {
    const network = await this.networks.find(EDGE_NETWORK);
    if (!network?.subnet) throw new Error(`the network ${EDGE_NETWORK} has no subnet yet`);
    return network.subnet;
  }

  private async bring(signal: AbortSignal): Promise<void> {
    await this.ensureNetwork();
    const thumbprint = await this.account.thumbprint();
    const text = this.nginx.front(thumbprint);
    const parts = await this.parts.ensure({ text, labels: { [LABELS.ingress]: 'front' } }, [404, 502], signal);
    const { httpPort, httpsPort } = this.config.ingress;
    await this.rollout.apply(buildFrontSpec(parts, thumbprint, { http: httpPort, https: httpsPort }));
    await this.collect(new Set(parts.configs.map(({ id }) => id)));
  }

  /** Its network stays for as long as there are edges. One of another platform is left alone. */
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
