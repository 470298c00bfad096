import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import type { Histogram, Registry } from 'prom-client';
import { Config } from '#src/config/config.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { HealthChecks } from '#src/core/health/health-checks.js';
import { NonCriticalHealth } from '#src/core/health/non-critical-health.js';
import { ContainerGauges } from './container-gauges.js';
import { EventLoopDelay } from './event-loop-delay.js';

/** Histogram buckets in seconds. A long poll may take a minute. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

interface Count {
  label: string;
  count: number;
}

/**
 * Metrics for Prometheus: the process, the requests, and the state of the database. Without METRICS_TOKEN nothing is
 * counted and the library is not loaded.
 */
@Injectable()
export class Metrics implements OnApplicationBootstrap {
  private registry: Registry | undefined;
  private durations: Histogram | undefined;
  private containers: ContainerGauges | undefined;

  constructor(
    private readonly config: Config,
    private readonly prisma: PrismaService,
    private readonly checks: HealthChecks,
    private readonly optional: NonCriticalHealth,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.metricsToken === undefined) return;
    const prometheus = await import('prom-client');
    const { collectDefaultMetrics, Gauge, Histogram, Registry } = prometheus;
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const registers = [registry];
    this.durations = new Histogram({
      name: 'berth_http_request_duration_seconds',
      help: 'Duration of a request until its response ended, by route',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers,
    });
    const gauge = gaugesOf(Gauge, registers);
    gauge('berth_deployments', 'Deployments by status', 'status', () => this.deployments());
    gauge('berth_deployment_failures', 'Deployments that FAILED, by error code', 'code', () => this.failures());
    gauge('berth_environments', 'Environments by status', 'status', () => this.environments());
    gauge('berth_jobs', 'Jobs by state: waiting, scheduled, running, retrying or failed', 'state', () => this.jobs());
    gauge('berth_certificates', 'Certificates by status', 'status', () => this.certificates());
    gauge('berth_certificate_expiry_seconds', 'Seconds until the certificate of a domain expires', 'domain', () =>
      this.expiries(),
    );
    gauge('berth_part_up', '1 for a component of the platform that is up, 0 for one that is down', 'part', () =>
      this.parts(),
    );
    gauge(
      'berth_stale_devices_removed',
      'Removed VXLAN devices that a restart of the engine had left behind',
      'source',
      () => this.staleDevices(),
    );
    const loop = new EventLoopDelay();
    gauge(
      'berth_event_loop_delay_seconds',
      'Delay of the event loop since the last scrape: the longest (max) and the 99th percentile (p99)',
      'statistic',
      () => Promise.resolve(Object.entries(loop.read()).map(([label, count]) => ({ label, count }))),
    );
    this.containers = new ContainerGauges(prometheus, registers, this.prisma, this.config.sampleIntervalMs);
    this.registry = registry;
  }

  /** Observes the duration of a request when its response closes. */
  observe(request: Request, response: Response, next: NextFunction): void {
    const { durations } = this;
    if (!durations) {
      next();
      return;
    }
    const begin = performance.now();
    response.once('close', () => {
      const { path } = (request.route ?? {}) as { path?: string };
      const labels = { method: request.method, route: path ?? 'none', status: String(response.statusCode) };
      durations.observe(labels, (performance.now() - begin) / 1000);
    });
    next();
  }

  /** Metrics in the text format of Prometheus; undefined if metrics are disabled. */
  async text(): Promise<{ type: string; body: string } | undefined> {
    await this.containers?.refresh();
    return this.registry && { type: this.registry.contentType, body: await this.registry.metrics() };
  }

  private async deployments(): Promise<Count[]> {
    const rows = await this.prisma.deployment.groupBy({ by: ['status'], _count: true });
    return rows.map(({ status, _count: count }) => ({ label: status, count }));
  }

  private async failures(): Promise<Count[]> {
    const rows = await this.prisma.deployment.groupBy({ by: ['errorCode'], where: { status: 'FAILED' }, _count: true });
    return rows.map(({ errorCode, _count: count }) => ({ label: errorCode ?? 'unknown', count }));
  }

  private async environments(): Promise<Count[]> {
    const rows = await this.prisma.environment.groupBy({ by: ['status'], _count: true });
    return rows.map(({ status, _count: count }) => ({ label: status, count }));
  }

  private async certificates(): Promise<Count[]> {
    const rows = await this.prisma.certificate.groupBy({ by: ['status'], _count: true });
    return rows.map(({ status, _count: count }) => ({ label: status, count }));
  }

  private async expiries(): Promise<Count[]> {
    const rows = await this.prisma.certificate.findMany({ select: { domain: true, notAfter: true } });
    return rows.flatMap(({ domain, notAfter }) =>
      notAfter ? [{ label: domain, count: Math.round((notAfter.getTime() - Date.now()) / 1000) }] : [],
    );
  }

  private jobs(): Promise<Count[]> {
    return this.prisma.$queryRaw<Count[]>`
      SELECT CASE WHEN locked_at IS NOT NULL THEN 'running' WHEN attempts >= max_attempts THEN 'failed' WHEN attempts > 0 THEN 'retrying'
        WHEN run_at > now() THEN 'scheduled' ELSE 'waiting' END AS label, count(*)::int AS count FROM graphile_worker.jobs GROUP BY 1`;
  }

  private async parts(): Promise<Count[]> {
    const parts = { ...(await this.checks.states()), ...(await this.optional.all()) };
    return Object.entries(parts).map(([label, { status }]) => ({ label, count: status === 'up' ? 1 : 0 }));
  }

  private async staleDevices(): Promise<Count[]> {
    const { ingress } = await this.optional.all();
    return [{ label: 'healer', count: Number(ingress?.['staleDevicesRemoved'] ?? 0) }];
  }
}

/** Returns a function that adds a gauge with one label, which is read at every scrape. */
function gaugesOf(Gauge: (typeof import('prom-client'))['Gauge'], registers: Registry[]) {
  return (name: string, help: string, label: string, read: () => Promise<Count[]>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        this.reset();
        for (const { label: value, count } of await read().catch(() => [])) this.set({ [label]: value }, count);
      },
    });
}
