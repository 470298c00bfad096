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

/** Keeps the ingress what it should be: at the start, with patience, and once a minute. What nobody knows is left alone and reported. */
@Injectable()
export class IngressReconciler implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(IngressReconciler.name);
  private readonly closing = new AbortController();
  private readonly strangers = new Set<string>();

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

  /** Requests need not wait for it: while there is no front, making something public says so. */
  private async start(): Promise<void> {
    const { signal } = this.closing;
    await retryForever(() => this.collectGarbage(signal), {
      everyMs: RETRY_DELAY_MS,
      signal,
      onError: (error) => this.logger.debug(`not ready: ${String(error)}`),
    });
  }

  /** An image that cannot be pulled is in the log and in /health: the job of every minute must not fail for it, too. */
  private async sweepUnlessImageIsMissing(signal: AbortSignal): Promise<void> {
    await this.collectGarbage(signal).catch((error: unknown) => {
      if (!(error instanceof RegistryError)) throw error;
    });
  }

  private async collectGarbage(signal: AbortSignal): Promise<void> {
    await this.front.ensure(signal);
    await this.own.ensure();
    await this.certificates.forgetOrders(new Date());
    const [sites, served] = await Promise.all([this.sites.all(), this.edges.sitesServed()]);
    const due = sites.filter(({ id, state }) => (this.config.ingress.isOn && !served.has(id)) || state === 'LEAVING');
    await this.sites.converge(this.sites.db, due);
    this.reportUnknownEdges(served, new Set(sites.map(({ id }) => id)));
  }

  /** An edge without a row may be another platform's. */
  private reportUnknownEdges(served: Set<string>, known: Set<string>): void {
    for (const id of served) {
      if (known.has(id) || this.strangers.has(id)) continue;
      this.strangers.add(id);
      this.logger.warn(`there is an edge for a site that is not known here: ${id}`);
    }
  }
}
