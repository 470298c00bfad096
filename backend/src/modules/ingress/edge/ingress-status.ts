import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import { NonCriticalHealth, type ComponentHealth } from '#src/core/health/non-critical-health.js';
import { Front } from './front.js';
import { VxlanCleanup } from './vxlan-cleanup.js';

/** Reports the ingress in `/health`. */
@Injectable()
export class IngressStatus implements OnModuleInit {
  constructor(
    private readonly config: Config,
    private readonly front: Front,
    private readonly vxlanCleanup: VxlanCleanup,
    private readonly health: NonCriticalHealth,
  ) {}

  onModuleInit(): void {
    if (this.config.ingress.isOn) this.health.register('ingress', () => this.check());
  }

  private async check(): Promise<ComponentHealth> {
    const problem = await this.front.failureReason().catch(() => 'the Docker Engine does not answer');
    const counts = { staleDevicesRemoved: this.vxlanCleanup.removed };
    return problem === undefined ? { status: 'up', ...counts } : { status: 'down', message: problem, ...counts };
  }
}
