import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { EdgeModel, Upstream } from '#src/integrations/nginx/nginx-config.js';
import { CertificatesRepository } from './certificates/certificates.repository.js';
import { type EdgeCertificate, Edges } from './edge/edges.js';
import { FrontRollout } from './edge/front-rollout.js';
import { Front } from './edge/front.js';
import { chooseTarget } from './sites/site-target.js';
import { type SiteRow, SitesRepository } from './sites/sites.repository.js';

/**
 * Converges the Engine to a site's row: a durable, idempotent job, one at a time per site. A SERVED site gets an edge,
 * which is verified. A LEAVING site loses its edge, secrets and certificate, and then its claim on the name.
 */
@Injectable()
export class SiteConvergence implements OnModuleInit {
  private readonly logger = new Logger(SiteConvergence.name);

  constructor(
    private readonly sites: SitesRepository,
    private readonly certificates: CertificatesRepository,
    private readonly edges: Edges,
    private readonly front: Front,
    private readonly frontRollout: FrontRollout,
    private readonly worker: JobWorker,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('site.converge', ({ siteId }, signal) => this.converge(siteId, signal));
  }

  private async converge(siteId: string, signal: AbortSignal): Promise<void> {
    const site = await this.sites.byId(siteId);
    if (!site) return;
    if (site.state === 'LEAVING') {
      await this.edges.remove(siteId, signal);
      await this.sites.remove(siteId);
      if (!this.config.ingress.isOn) await this.front.ensure(signal); // the last site to go frees the network
      return;
    }
    if (!this.config.ingress.isOn) return;
    const certificate = this.certificateOf(site);
    const problem = await this.serve(site, certificate, signal);
    const proof = { withCertificate: certificate !== undefined, needsReach: this.config.dns.isChecked };
    if (problem === undefined) await this.sites.markServing(site, proof);
    else {
      this.logger.warn(`edge of ${site.domain} did not start: ${problem}`);
      await this.sites.markNotServing(site, problem);
    }
  }

  private async serve(
    site: SiteRow,
    certificate: EdgeCertificate | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const model: EdgeModel = {
      domain: site.domain,
      upstream: await this.upstreamOf(site),
      hasCertificate: certificate !== undefined,
      // API keys must not be sent over plain HTTP.
      redirects: site.certificate?.status === 'ISSUED' || site.environmentId === null,
      frontSubnet: await this.frontRollout.subnet(),
      ports: { http: this.config.ingress.httpPort, https: this.config.ingress.httpsPort },
    };
    const { id, domain, environmentId, environment } = site;
    const edge = { id, domain, environmentId, network: environment?.overlayNetworkId ?? null };
    return this.edges.ensure(edge, model, certificate, signal);
  }

  private certificateOf({ certificate }: SiteRow): EdgeCertificate | undefined {
    if (!certificate?.chain) return undefined;
    return { chain: certificate.chain, privateKey: this.certificates.privateKey(certificate) };
  }

  private async upstreamOf(site: SiteRow): Promise<Upstream | undefined> {
    if (site.environmentId === null) return { kind: 'api' };
    const target = chooseTarget(await this.sites.candidates(site.environmentId), {
      name: site.targetName,
      port: site.targetPort,
    });
    if (target && site.targetName === null) await this.sites.saveTarget(site.id, target.name);
    return target && { kind: 'service', ...target };
  }
}
