import { Injectable } from '@nestjs/common';
import type { LogQuery } from '#src/integrations/docker/containers.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { LABELS } from '#src/common/labels.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { RetainedLogsRepository } from '#src/modules/deployments/repositories/retained-logs.repository.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';
import { type FollowQuery, type LoggedService, ServiceLogReader } from './service-log-reader.js';

const MAX_RETAINED_LINES = 1000;

/**
 * Logs of a deployment's containers: from Docker while they exist, and from the lines stored when they were stopped.
 */
@Injectable()
export class DeploymentLogs {
  constructor(
    private readonly retained: RetainedLogsRepository,
    private readonly states: DeploymentStatesRepository,
    private readonly services: SwarmServices,
    private readonly reader: ServiceLogReader,
    private readonly changes: DeploymentChanges,
  ) {}

  /** Lines in order of time; empty when no container ever ran. */
  lines(deploymentId: string, query: LogQuery): Promise<TaskLogLine[]> {
    return this.reader.lines(this.of(deploymentId), query);
  }

  /**
   * Yields the existing lines after the position and then new ones, until the service is gone or the signal aborts. It
   * waits for a service that is not created yet, and resumes when the engine is available: each line exactly once.
   */
  follow(deploymentId: string, query: FollowQuery, signal: AbortSignal): AsyncGenerator<TaskLogLine[]> {
    return this.reader.follow(this.of(deploymentId), query, signal);
  }

  /** Runs `stop`, which ends the containers of the service, and stores their last lines. */
  retainWhile(deploymentId: string, serviceId: string, stop: () => Promise<void>): Promise<void> {
    return this.reader.retainWhile(this.of(deploymentId), serviceId, stop);
  }

  private of(deploymentId: string): LoggedService {
    return {
      maxRetainedLines: MAX_RETAINED_LINES,
      serviceId: async () => (await this.services.list({ [LABELS.deployment]: deploymentId }))[0]?.id,
      isLive: () => this.states.isLive(deploymentId),
      stored: () => this.retained.find(deploymentId),
      store: (content) => this.retained.replace(deploymentId, content),
      watch: () => this.changes.watch(deploymentId),
    };
  }
}
