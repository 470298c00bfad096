import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { retryForever } from '#src/common/time/retry-forever.js';
import { Config } from '#src/config/config.js';
import { NonCriticalHealth } from '#src/core/health/non-critical-health.js';
import { JobWorker, ShutdownInterrupt } from '#src/core/jobs/job-worker.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { RegistryCollection } from './registry-collection.js';

const RETRY_DELAY_MS = 3000;

/**
 * Reconciles the built-in registry and collects its garbage. A registry that is switched off is kept: deployments may
 * need it.
 */
@Injectable()
export class RegistryMaintenance implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(RegistryMaintenance.name);
  private readonly closing = new AbortController();

  constructor(
    private readonly config: Config,
    private readonly registry: BuiltInRegistry,
    private readonly collection: RegistryCollection,
    private readonly health: NonCriticalHealth,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('registry.sweep', (_payload, signal) => this.sweep(signal));
    this.worker.register('registry.collect', (_payload, signal) => this.collection.run(signal));
    if (!this.registry.isOn) return;
    this.worker.schedule('registry.sweep', '* * * * *');
    this.worker.schedule('registry.collect', '33 4 * * *');
    this.health.register('registry', async () => {
      const message = await this.registry.failureReason().catch(() => 'the Docker Engine does not answer');
      return message === undefined ? { status: 'up' } : { status: 'down', message };
    });
  }

  onApplicationBootstrap(): void {
    if (this.registry.isOn) void this.start();
  }

  onModuleDestroy(): void {
    this.closing.abort(new ShutdownInterrupt());
  }

  private async start(): Promise<void> {
    const { signal } = this.closing;
    await retryForever(() => this.sweep(signal), {
      everyMs: RETRY_DELAY_MS,
      signal,
      onError: (error) =>
        this.logger.warn(`the registry (${this.config.build.builtInRegistry.image}) is not ready: ${String(error)}`),
    });
  }

  private async sweep(signal: AbortSignal): Promise<void> {
    if (!this.registry.isOn) return;
    await this.registry.ensure({ readOnly: await this.collection.isRunning() }, signal);
  }
}
