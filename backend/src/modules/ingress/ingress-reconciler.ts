import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { retryForever } from '#src/common/time/retry-forever.js';
import { Config } from '#src/config/config.js';
import { JobWorker, ShutdownInterrupt } from '#src/core/jobs/job-worker.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { CertificatesRepository } from './certificates/certificates.repository.js';
import { Edges } from './edge/edges.js';
import { Front } from './edge/front.js';
import { PlatformSite } from './platform-site.js';
import { SitesRepository } from './sites/sites.repository.js';

const RETRY_DELAY_MS = 3000;

/** Reconciles the ingress at startup, with retries, and once a minute. Unknown edges are reported and not removed. */
@Injectable()
export class IngressReconciler implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IngressReconciler.name);
  private readonly closing = new AbortController();
  private readonly reportedEdges = new Set<string>();

  constructor(
    private readonly config: Config,
    private readonly front: Front,
    private readonly own: PlatformSite,
    private readonly edges: Edges,
    private readonly sites: SitesRepository,
    private readonly certificates: CertificatesRepository,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('ingress.sweep', (_payload, signal) => this.sweepUnlessImageIsMissing(signal));
    this.worker.schedule('ingress.sweep', '* * * * *');
  }

  onApplicationBootstrap(): void {
    void this.start();
  }

  onModuleDestroy(): void {
    this.closing.abort(new ShutdownInterrupt());
  }

  /** Runs in the background: until the front is up, requests to make a site public get INGRESS_UNAVAILABLE. */
  private async start(): Promise<void> {
    const { signal } = this.closing;
    await retryForever(() => this.reconcile(signal), {
      everyMs: RETRY_DELAY_MS,
      signal,
      onError: (error) => this.logger.debug(`ingress not ready: ${String(error)}`),
    });
  }

  /** Ignores an image that cannot be pulled: the log and /health report it, so the job must not fail, too. */
  private async sweepUnlessImageIsMissing(signal: AbortSignal): Promise<void> {
    await this.reconcile(signal).catch((error: unknown) => {
      if (!(error instanceof RegistryError)) throw error;
    });
  }

  private async reconcile(signal: AbortSignal): Promise<void> {
    await this.front.ensure(signal);
    await this.own.ensure();
    await this.certificates.deleteOldOrders(new Date());
    const [sites, served] = await Promise.all([this.sites.all(), this.edges.sitesServed()]);
    const due = this.config.ingress.isOn ? sites.filter(({ id }) => !served.has(id)) : [];
    await this.sites.converge(this.sites.db, due);
    this.reportUnknownEdges(served, new Set(sites.map(({ id }) => id)));
  }

  /** An edge without a row may belong to another platform. */
  private reportUnknownEdges(served: Set<string>, known: Set<string>): void {
    for (const id of served) {
      if (known.has(id) || this.reportedEdges.has(id)) continue;
      this.reportedEdges.add(id);
      this.logger.warn(`edge of unknown site ${id} found, not removed`);
    }
  }
}
