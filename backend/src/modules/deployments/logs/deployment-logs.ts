import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { Containers, type LogQuery } from '#src/integrations/docker/containers.js';
import { isDockerError } from '#src/integrations/docker/docker-error.js';
import { formatLine, inOrder } from '#src/integrations/docker/log-decoder.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { ServiceLogs, type TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { LABELS } from '#src/common/labels.js';
import { IN_PROGRESS_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';
import { decodeLogLine, encodeLogLine } from './log-line-codec.js';
import { advance, earliest, isAfter, type LogPosition } from './log-position.js';

const KEPT_LINES = 1000;
const KEPT_CHARACTERS = 1_000_000;
const RECHECK_MS = 500;
const SERVICE_POLL_INTERVAL_MS = 10_000;
/** As many as anybody may ask for. */
export const ALL_LINES = 10_000;

export interface FollowQuery {
  /** what the reader has already */
  from?: LogPosition;
  /** how many of the lines that are there to begin with; all by default */
  tail?: number;
  since?: Date;
}

/** What a deployment's containers printed: from Docker while there is a service, afterwards what was kept when it went. */
@Injectable()
export class DeploymentLogs {
  constructor(
    private readonly prisma: PrismaService,
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly containers: Containers,
    private readonly serviceLogs: ServiceLogs,
    private readonly changes: DeploymentChanges,
    private readonly engine: Engine,
  ) {}

  /** In order of time; empty where nothing ever ran. */
  async lines(deploymentId: string, query: LogQuery): Promise<TaskLogLine[]> {
    const service = await this.serviceOf(deploymentId);
    return service ? this.ofTasks(service, query) : this.kept(deploymentId, query);
  }

  /** As text, of all tasks in Swarm's history, so that a crashed container's last words are there. */
  async ofService(serviceId: string, query: LogQuery): Promise<string> {
    return (await this.ofTasks(serviceId, query)).map(formatLine).join('');
  }

  /**
   * What is there beyond the position and then what comes, until the service is gone or the signal aborts. It waits for a service that is still
   * to come, and takes up again after the engine was away: no line twice, none missed.
   */
  async *follow(
    deploymentId: string,
    { from = {}, tail, since }: FollowQuery,
    signal: AbortSignal,
  ): AsyncGenerator<TaskLogLine[]> {
    let position = from;
    let begun = false;
    const fresh = (lines: TaskLogLine[]) => {
      const unread = lines.filter((line) => isAfter(position, line));
      for (const line of unread) position = advance(position, line);
      begun = true;
      return unread;
    };
    while (!signal.aborted) {
      try {
        const service = await this.serviceOf(deploymentId);
        const limit = begun ? undefined : tail;
        if (service) {
          const start = earliest(position) ?? since?.toISOString();
          const query = { tail: limit ?? ('all' as const), ...(start && { since: start }) };
          const life = new AbortController();
          void this.abortWithService(deploymentId, life, signal);
          try {
            for await (const lines of this.serviceLogs.follow(service, query, life.signal)) {
              const unread = fresh(lines);
              if (unread.length > 0) yield unread;
            }
          } finally {
            life.abort();
          }
        } else if (!(await this.isInProgress(deploymentId))) {
          const rest = fresh(await this.kept(deploymentId, { tail: limit ?? ALL_LINES, ...(since && { since }) }));
          if (rest.length > 0) yield rest;
          return;
        }
      } catch (error) {
        if (!isDockerError(error, 'unavailable') && !isDockerError(error, 'not-found')) throw error;
      }
      await delay(RECHECK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Called before a service is removed; again, after a crash, it replaces what was kept. */
  async keep(deploymentId: string, serviceId: string): Promise<void> {
    const lines = (await this.ofTasks(serviceId, { tail: KEPT_LINES })).map((line) => JSON.stringify(encodeLogLine(line)));
    const content = lines.slice(-fitting(lines)).join('\n');
    if (content === '') return;
    await this.prisma.$transaction([
      this.prisma.deploymentLog.deleteMany({ where: { deploymentId, kind: 'RUNTIME' } }),
      this.prisma.deploymentLog.create({ data: { deploymentId, kind: 'RUNTIME', content } }),
    ]);
  }

  /** In order of time, wherever the tasks run. */
  async ofTasks(serviceId: string, query: LogQuery): Promise<TaskLogLine[]> {
    const [tasks, { nodeId: here }] = await Promise.all([
      this.tasks.listReachable({ serviceId }),
      this.engine.inspect(),
    ]);
    const lines = await Promise.all(
      tasks.map(async ({ id: taskId, containerId, nodeId }) => {
        if (!containerId) return [];
        const printed = await (nodeId === here
          ? this.containers.logs(containerId, query)
          : this.serviceLogs.ofTask(taskId, query));
        return printed.map((line) => ({ ...line, taskId }));
      }),
    );
    return inOrder(lines.flat(), query.tail);
  }

  private async kept(deploymentId: string, { tail, since }: LogQuery): Promise<TaskLogLine[]> {
    const log = await this.prisma.deploymentLog.findFirst({
      where: { deploymentId, kind: 'RUNTIME' },
      orderBy: { createdAt: 'desc' },
    });
    const lines = log?.content.split('\n').map(decodeLogLine) ?? [];
    const from = since?.toISOString().replace('Z', '');
    return lines.filter(({ time }) => !from || time >= from).slice(-tail);
  }

  private async serviceOf(deploymentId: string): Promise<string | undefined> {
    return (await this.services.list({ [LABELS.deployment]: deploymentId }))[0]?.id;
  }

  /** Ends a life with the signal, and when the service is gone: the Engine does not end the log then. */
  private async abortWithService(deploymentId: string, life: AbortController, signal: AbortSignal): Promise<void> {
    const watch = this.changes.watch(deploymentId);
    while (!life.signal.aborted) {
      await watch.next(AbortSignal.any([signal, life.signal, AbortSignal.timeout(SERVICE_POLL_INTERVAL_MS)]));
      const there = await this.serviceOf(deploymentId).catch(() => 'the engine is away');
      if (signal.aborted || !there) life.abort();
    }
    watch.end();
  }

  private async isInProgress(id: string): Promise<boolean> {
    return (await this.prisma.deployment.count({ where: { id, status: { in: IN_PROGRESS_STATUSES } } })) > 0;
  }
}

/** How many of the last lines are small enough together. */
function fitting(lines: string[]): number {
  let room = KEPT_CHARACTERS;
  const tooFar = lines.toReversed().findIndex((line) => (room -= line.length + 1) < 0);
  return tooFar === -1 ? lines.length : Math.max(tooFar, 1);
}
