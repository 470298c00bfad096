import { type BeforeApplicationShutdown, Injectable, type OnModuleDestroy } from '@nestjs/common';
import {
  DiskHealthIndicator,
  type HealthIndicatorFunction,
  HealthIndicatorService,
  MemoryHealthIndicator,
} from '@nestjs/terminus';
import { Config } from '#src/config/config.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { PrismaService } from '#src/core/database/prisma.service.js';

const MAX_HEAP_BYTES = 1024 ** 3;
const MAX_RSS_BYTES = 1.5 * 1024 ** 3;
/** Share of used disk space above which the disk counts as down. */
const MAX_DISK_USED = 0.95;

const PRIVILEGES: Record<string, string> = {
  true: 'on',
  false: 'off: set "no-new-privileges": true in the configuration of the Docker daemon',
  unknown:
    'this engine does not report it: check that the configuration of the Docker daemon sets "no-new-privileges": true',
};

/** Checks of `/health`; a failed check describes its problem in one sentence. */
@Injectable()
export class HealthChecks implements OnModuleDestroy, BeforeApplicationShutdown {
  private draining = false;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly memory: MemoryHealthIndicator,
    private readonly disk: DiskHealthIndicator,
    private readonly prisma: PrismaService,
    private readonly engine: Engine,
    private readonly config: Config,
  ) {}

  onModuleDestroy(): void {
    this.draining = true;
  }

  beforeApplicationShutdown(): void {
    this.draining = true;
  }

  required(): HealthIndicatorFunction[] {
    return [() => this.database(), () => this.docker(), () => this.notDraining()];
  }

  all(): HealthIndicatorFunction[] {
    return [
      () => this.database(),
      () => this.memory.checkHeap('memory_heap', MAX_HEAP_BYTES),
      () => this.memory.checkRSS('memory_rss', MAX_RSS_BYTES),
      () => this.disk.checkStorage('storage', { path: this.config.data.dir, thresholdPercent: MAX_DISK_USED }),
      () => this.docker(),
    ];
  }

  /** Status of each required component. */
  async states(): Promise<Record<string, { status: string }>> {
    const [database, docker] = await Promise.all([this.database(), this.docker()]);
    return { ...database, ...docker };
  }

  private async database() {
    const indicator = this.indicators.check('database');
    try {
      await this.prisma.$queryRaw`SELECT 1`;
      return indicator.up();
    } catch {
      return indicator.down('the database does not answer');
    }
  }

  private async docker() {
    const indicator = this.indicators.check('docker');
    try {
      await this.engine.ping();
      const facts = await this.engine.inspect();
      if (!facts.swarmActive || !facts.isManager) return indicator.down('this engine is not a Swarm manager');
      const noNewPrivileges = facts.serviceNoNewPrivileges || facts.daemonNoNewPrivileges;
      return indicator.up({
        version: facts.version,
        apiVersion: facts.apiVersion,
        noNewPrivileges: PRIVILEGES[String(noNewPrivileges)],
      });
    } catch {
      return indicator.down('the Docker Engine does not answer');
    }
  }

  private async notDraining() {
    const indicator = this.indicators.check('shutdown');
    return Promise.resolve(this.draining ? indicator.down('shutting down') : indicator.up());
  }
}
