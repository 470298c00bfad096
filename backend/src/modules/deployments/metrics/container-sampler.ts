import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Config } from '#src/config/config.js';
import { LeadingProcess } from '#src/core/jobs/leading-process.js';
import { ContainerStats, type RunningContainer } from '#src/integrations/docker/container-stats.js';
import {
  type ContainerSample,
  ContainerSamplesRepository,
} from '#src/modules/deployments/repositories/container-samples.repository.js';

/** The Engine collects once a second for all pending requests: some at once cost it less than one after the other. */
const COLLECTION_MS = 1000;
const MAX_CONCURRENCY = 100;
/** One container may hang. After more failures the Engine is the cause, and the round ends. */
const MAX_FAILURES = 3;

/**
 * Samples the usage of this node's containers of deployments. A round lists them, reads some every second, so that all
 * are read within half of the interval, and stores them in one statement. A round that fails is skipped: the counters
 * of the next one include its time. While the Engine is unavailable a round is one refused connection.
 */
@Injectable()
export class ContainerSampler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ContainerSampler.name);
  private readonly closing = new AbortController();
  private readonly intervalMs: number;

  constructor(
    private readonly stats: ContainerStats,
    private readonly samples: ContainerSamplesRepository,
    private readonly leader: LeadingProcess,
    config: Config,
  ) {
    this.intervalMs = config.sampleIntervalMs;
  }

  onApplicationBootstrap(): void {
    if (this.intervalMs > 0) void this.run();
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }

  /** One round. Does nothing in a process that does not lead, or without containers. */
  async sample(): Promise<void> {
    if (!(await this.leader.isThisProcess())) return;
    const containers = (await this.stats.running(LABELS.deployment)).filter(isReplica);
    if (containers.length === 0) return;
    const samples = await this.readAll(containers);
    if (samples.length > 0) await this.samples.append(samples);
  }

  private async run(): Promise<void> {
    while (!this.closing.signal.aborted) {
      const begin = performance.now();
      // ContainerEvents logs, once, that the Engine is unavailable.
      await this.sample().catch((error: unknown) => this.logger.debug(`no sample: ${String(error)}`));
      await this.pause(Math.max(0, this.intervalMs - (performance.now() - begin)));
    }
  }

  private async readAll(containers: RunningContainer[]): Promise<ContainerSample[]> {
    const rounds = Math.max(1, this.intervalMs / 2 / COLLECTION_MS);
    const concurrency = Math.min(MAX_CONCURRENCY, Math.ceil(containers.length / rounds));
    const samples: ContainerSample[] = [];
    const waiting = containers.values();
    let failures = 0;
    const readNext = async () => {
      for (const container of waiting) {
        if (this.closing.signal.aborted || failures >= MAX_FAILURES) return;
        const second = this.pause(COLLECTION_MS);
        const counters = await this.stats.read(container.id).catch(() => {
          failures += 1;
        });
        if (counters) samples.push({ ...identityOf(container), at: new Date(), ...counters });
        await second;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, readNext));
    return samples;
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.closing.signal, ref: false }).catch(() => undefined);
  }
}

/** A container inherits the labels of its image, so that a run of a built image names the deployment that built it. */
function isReplica({ labels }: RunningContainer): boolean {
  return labels[LABELS.run] === undefined && labels[LABELS.releaseCommand] === undefined;
}

function identityOf({ id, createdAt, slot, labels }: RunningContainer) {
  return {
    deploymentId: labels[LABELS.deployment] ?? '',
    containerId: id,
    replica: slot,
    startedAt: createdAt,
  };
}
