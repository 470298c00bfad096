import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Container } from '#src/generated/prisma/client.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { type SwarmTask, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { LABELS } from '#src/common/labels.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { type Observed, deriveReplicaStatus } from './container-state.js';

/** Events come in bursts, and before Swarm has heard of them. */
const SETTLE_MS = 150;
const RECHECK_MS = 700;
const FULL_PASS_MS = 30_000;
/** Docker tells of the containers of its own machine only: with others in the swarm, Swarm is asked. */
const OTHER_NODES_MS = 2000;

/**
 * Keeps the containers' rows true for as long as their service lives. A full pass at the start, after every reconnect and every 30 s, with several
 * nodes every 2 s; an event
 * makes one deployment's pass come at once, and once more shortly after, since Swarm learns of a container's end later than Docker tells of it.
 */
@Injectable()
export class ContainerStatusSync implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ContainerStatusSync.name);
  private readonly due = new Map<string, NodeJS.Timeout>();
  private sinceFullPassMs = 0;

  constructor(
    private readonly prisma: PrismaService,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly events: ContainerEvents,
    private readonly nodes: Nodes,
  ) {}

  onApplicationBootstrap(): void {
    this.events.onConnect(() => void this.refreshAll());
    this.events.onChange((deploymentId) => this.refreshSoon(deploymentId));
  }

  /** Docker's events tell of this machine only: with several nodes, every pass asks Swarm. */
  @Interval(OTHER_NODES_MS)
  async pass(): Promise<void> {
    this.sinceFullPassMs += OTHER_NODES_MS;
    if (this.sinceFullPassMs < FULL_PASS_MS && !(await this.isCluster())) return;
    this.sinceFullPassMs = 0;
    await this.refreshAll();
  }

  onModuleDestroy(): void {
    for (const timeout of this.due.values()) clearTimeout(timeout);
    this.due.clear();
  }

  private async isCluster(): Promise<boolean> {
    return (await this.nodes.recent().catch(() => [])).length > 1;
  }

  private refreshSoon(deploymentId: string): void {
    if (this.due.has(deploymentId)) return;
    const look = (then: () => void) =>
      void this.refresh(deploymentId)
        .catch((error: unknown) => this.logger.debug(String(error)))
        .finally(then);
    const again = () =>
      this.due.set(
        deploymentId,
        setTimeout(() => {
          this.due.delete(deploymentId);
          look(() => undefined);
        }, RECHECK_MS).unref(),
      );
    this.due.set(deploymentId, setTimeout(() => look(again), SETTLE_MS).unref());
  }

  private async refreshAll(): Promise<void> {
    try {
      const rows = await this.prisma.container.findMany({
        where: { deployment: { status: { in: LIVE_STATUSES } } },
        distinct: ['deploymentId'],
        select: { deploymentId: true },
      });
      const tasks = Map.groupBy(await this.tasks.list({ labels: [LABELS.deployment] }), ({ serviceId }) => serviceId);
      for (const { deploymentId } of rows) await this.refresh(deploymentId, tasks);
    } catch (error) {
      this.logger.debug(`no full pass: ${String(error)}`);
    }
  }

  private async refresh(deploymentId: string, all?: Map<string, SwarmTask[]>): Promise<void> {
    const known = await this.prisma.container.findMany({
      where: { deploymentId, deployment: { status: { in: LIVE_STATUSES } } },
    });
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
      if (differs(row, observed)) await this.prisma.container.updateMany({ where: { id: row.id }, data: observed });
    }
  }
}

type Seen = Observed & { node: string | null };

function differs(row: Container, observed: Seen): boolean {
  return (Object.keys(observed) as (keyof Seen)[]).some((key) => row[key] !== observed[key]);
}
