import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { NonCriticalHealth, type ComponentHealth } from '#src/core/health/non-critical-health.js';
import { Front } from './front.js';
import { VxlanCleanup } from './vxlan-cleanup.js';

/** What `/health` says of the ingress. */
@Injectable()
export class IngressStatus implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly front: Front,
    private readonly stale: VxlanCleanup,
    private readonly health: NonCriticalHealth,
  ) {}

  onModuleInit(): void {
    if (this.config.ingress.isOn) this.health.register('ingress', () => this.check());
  }

  private async check(): Promise<ComponentHealth> {
    const problem = await this.front.failureReason().catch(() => 'the Docker Engine does not answer');
    const healed = { staleDevicesRemoved: this.stale.removed };
    return problem === undefined ? { status: 'up', ...healed } : { status: 'down', message: problem, ...healed };
  }
}
