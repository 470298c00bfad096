import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import type { Container } from '#src/generated/prisma/client.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { LABELS } from '#src/common/labels.js';
import { ContainersRepository } from '#src/modules/deployments/repositories/containers.repository.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { type Observed, deriveReplicaStatus } from './container-state.js';

/** Events come in bursts, and before Swarm has updated its tasks. */
const SETTLE_MS = 150;
const RECHECK_MS = 700;
const FULL_PASS_MS = 30_000;
/** The Engine emits events for its own containers only: with several nodes, Swarm has to be polled. */
const POLL_INTERVAL_MS = 2000;

/**
 * Keeps the Container rows in sync with Docker while their service exists. A full pass runs at the start, after every
 * reconnect and every 30 s, with several nodes every 2 s. An event refreshes its deployment at once and shortly after,
 * because Swarm updates a task later than Docker emits the event.
 */
@Injectable()
export class ContainerStatusSync implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ContainerStatusSync.name);
  private readonly scheduled = new Map<string, NodeJS.Timeout>();
  private sinceFullPassMs = 0;

  constructor(
    private readonly rows: ContainersRepository,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly events: ContainerEvents,
    private readonly nodes: Nodes,
  ) {}

  onApplicationBootstrap(): void {
    this.events.onConnect(() => void this.refreshAll());
    this.events.onChange((deploymentId) => this.refreshSoon(deploymentId));
  }

  /** Runs a full pass when it is due; with several nodes, every time. */
  @Interval(POLL_INTERVAL_MS)
  async pass(): Promise<void> {
    this.sinceFullPassMs += POLL_INTERVAL_MS;
    if (this.sinceFullPassMs < FULL_PASS_MS && !(await this.isCluster())) return;
    this.sinceFullPassMs = 0;
    await this.refreshAll();
  }

  onModuleDestroy(): void {
    for (const timeout of this.scheduled.values()) clearTimeout(timeout);
    this.scheduled.clear();
  }

  private async isCluster(): Promise<boolean> {
    return (await this.nodes.recent().catch(() => [])).length > 1;
  }

  private refreshSoon(deploymentId: string): void {
    if (this.scheduled.has(deploymentId)) return;
    const refresh = (then: () => void) =>
      void this.refresh(deploymentId)
        .catch((error: unknown) => this.logger.debug(String(error)))
        .finally(then);
    const recheck = () =>
      this.scheduled.set(
        deploymentId,
        setTimeout(() => {
          this.scheduled.delete(deploymentId);
          refresh(() => undefined);
        }, RECHECK_MS).unref(),
      );
    this.scheduled.set(deploymentId, setTimeout(() => refresh(recheck), SETTLE_MS).unref());
  }

  private async refreshAll(): Promise<void> {
    try {
      const deployments = await this.rows.liveDeployments();
      const tasks = Map.groupBy(await this.tasks.list({ labels: [LABELS.deployment] }), ({ serviceId }) => serviceId);
      for (const id of deployments) await this.refresh(id, tasks);
    } catch (error) {
      this.logger.debug(`full pass failed: ${String(error)}`);
    }
  }

  private async refresh(deploymentId: string, all?: Map<string, SwarmTask[]>): Promise<void> {
    const known = await this.rows.ofLive(deploymentId);
    const [first] = known;
    if (!first) return;
    const tasks = all
      ? (all.get(first.dockerServiceId) ?? [])
      : await this.tasks.list({ labels: [`${LABELS.deployment}=${deploymentId}`] });
    const bySlot = Map.groupBy(tasks, ({ slot }) => slot);
    const names = new Map((await this.nodes.recent()).map(({ id, hostname }) => [id, hostname]));
    for (const row of known) {
      const own = bySlot.get(row.slot) ?? [];
      const containerId = own.at(-1)?.containerId;
      const container = containerId ? await this.containers.inspect(containerId) : undefined;
      const node = names.get(own.at(-1)?.nodeId ?? '') ?? null;
      const observed = { ...deriveReplicaStatus(row, own, container), node };
      if (differs(row, observed)) await this.rows.update(row.id, observed);
    }
  }
}

type Seen = Observed & { node: string | null };

function differs(row: Container, observed: Seen): boolean {
  return (Object.keys(observed) as (keyof Seen)[]).some((key) => row[key] !== observed[key]);
}
