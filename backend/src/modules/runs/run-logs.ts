import { Injectable } from '@nestjs/common';
import type { LogQuery } from '#src/integrations/docker/containers.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';
import {
  ALL_LINES,
  type FollowQuery,
  type LoggedService,
  ServiceLogReader,
} from '#src/modules/deployments/logs/service-log-reader.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import { runLabel } from './run-release.js';
import { RunsRepository } from './runs.repository.js';

/** Logs of a run: from Docker while it runs, and the lines stored when it ended. */
@Injectable()
export class RunLogs {
  constructor(
    private readonly reader: ServiceLogReader,
    private readonly commands: CommandServices,
    private readonly runs: RunsRepository,
    private readonly changes: DeploymentChanges,
  ) {}

  lines(runId: string, query: LogQuery): Promise<TaskLogLine[]> {
    return this.reader.lines(this.of(runId), query);
  }

  follow(runId: string, query: FollowQuery, signal: AbortSignal): AsyncGenerator<TaskLogLine[]> {
    return this.reader.follow(this.of(runId), query, signal);
  }

  /** Runs `stop`, which ends the container, and stores its last lines. */
  async retainWhile(runId: string, stop: () => Promise<void>): Promise<void> {
    const serviceId = await this.commands.find(runLabel(runId));
    if (serviceId === undefined) await stop();
    else await this.reader.retainWhile(this.of(runId), serviceId, stop);
  }

  private of(runId: string): LoggedService {
    return {
      maxRetainedLines: ALL_LINES,
      serviceId: () => this.commands.find(runLabel(runId)),
      isLive: () => this.runs.isUnfinished(runId),
      stored: () => this.runs.storedLog(runId),
      store: (content) => this.runs.storeLog(runId, content),
      watch: () => this.changes.watch(runId),
    };
  }
}
