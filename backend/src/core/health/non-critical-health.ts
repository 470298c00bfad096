import { Injectable } from '@nestjs/common';
import type { HealthCheckResult } from '@nestjs/terminus';

export interface ComponentHealth {
  status: 'up' | 'down';
  message?: string;
  [detail: string]: unknown;
}

/** Registry of optional components: `/health` reports them, and stays 200 when they are down. */
@Injectable()
export class NonCriticalHealth {
  private readonly checks = new Map<string, () => Promise<ComponentHealth>>();

  register(name: string, check: () => Promise<ComponentHealth>): void {
    this.checks.set(name, check);
  }

  async all(): Promise<Record<string, ComponentHealth>> {
    const checked = [...this.checks].map(async ([name, check]) => [name, await check()] as const);
    return Object.fromEntries(await Promise.all(checked));
  }

  async addTo(result: HealthCheckResult): Promise<HealthCheckResult> {
    const { info = {}, error = {}, details } = result;
    const complete = { ...result, info: { ...info }, error: { ...error }, details: { ...details } };
    for (const [name, health] of Object.entries(await this.all())) {
      complete.details[name] = health;
      complete[health.status === 'up' ? 'info' : 'error'][name] = health;
    }
    return complete;
  }
}
