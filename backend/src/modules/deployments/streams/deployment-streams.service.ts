import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import {
  type DeploymentRow,
  DeploymentsRepository,
} from '#src/modules/deployments/repositories/deployments.repository.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { TRANSITIONS } from '#src/modules/deployments/domain/transitions.js';
import { DeploymentEvents, type StreamEvent } from './deployment-events.js';
import { DeploymentLogs } from '#src/modules/deployments/logs/deployment-logs.js';
import { decodePosition } from '#src/modules/deployments/logs/log-position.js';
import { type PositionedLine, positionedLines } from '#src/modules/deployments/logs/positioned-lines.js';
import type { FollowQuery } from '#src/modules/deployments/logs/service-log-reader.js';
import { endingRequest, OpenRequests } from './open-requests.js';

/** Long polls and streams of deployments. */
@Injectable()
export class DeploymentStreamsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly repository: DeploymentsRepository,
    private readonly deploymentEvents: DeploymentEvents,
    private readonly deploymentLogs: DeploymentLogs,
    private readonly buildLog: BuildLog,
    private readonly requests: OpenRequests,
  ) {}

  current(caller: Caller, jobId: string): Promise<DeploymentRow> {
    return this.deployments.poll(caller, jobId);
  }

  /** Resolves when the status differs from `from` (default: the current one), is final, or after `waitMs`. */
  async changed(
    caller: Caller,
    jobId: string,
    { waitMs, from }: { waitMs: number; from: DeploymentStatus | undefined },
    closed: AbortSignal,
  ): Promise<DeploymentRow> {
    const { id } = await this.deployments.poll(caller, jobId);
    let known = from;
    return this.requests.poll(
      caller,
      { id, waitMs, closed },
      () => this.deployments.poll(caller, jobId),
      ({ status }) => status !== (known ??= status) || TRANSITIONS[status].length === 0,
    );
  }

  /** Undefined when the client, by its Last-Event-ID, has received everything. */
  async events(
    caller: Caller,
    jobId: string,
    lastEventId: string | undefined,
    closed: AbortSignal,
  ): Promise<AsyncGenerator<StreamEvent> | undefined> {
    const deployment = await this.deployments.getByJobId(caller, jobId);
    const request = this.requests.openStream(caller, closed);
    try {
      const events = await this.deploymentEvents.open(deployment, lastEventId, request.signal);
      if (events) return endingRequest(events, request);
    } catch (error) {
      request.end();
      throw error;
    }
    request.end();
    return undefined;
  }

  /** Streams the log of the containers, or of the build. */
  async logs(
    caller: Caller,
    id: string,
    { of, tail, since, lastEventId, acrossReleases }: LogsQuery,
    closed: AbortSignal,
  ): Promise<AsyncGenerator<PositionedLine>> {
    const deployment = await this.deployments.get(caller, id);
    const from = (lastEventId && decodePosition(lastEventId)) || undefined;
    const request = this.requests.openStream(caller, closed);
    const query = { ...(since && { since }), ...(from ? { from } : { tail }) };
    const lines =
      of === 'build'
        ? this.buildLog.follow(deployment.id, query, request.signal)
        : acrossReleases
          ? this.followReleases(deployment, query, request.signal)
          : this.deploymentLogs.follow(deployment.id, query, request.signal);
    return endingRequest(positionedLines(lines, from ?? {}), request);
  }

  /** Follows the release, then each release that replaced it, until there is no newer one. */
  private async *followReleases(first: DeploymentRow, query: FollowQuery, signal: AbortSignal) {
    yield* this.deploymentLogs.follow(first.id, query, signal);
    const { from, since } = query;
    const all = { ...(from && { from }), ...(since && { since }) };
    let next = await this.repository.newer(first);
    while (next && !signal.aborted) {
      yield* this.deploymentLogs.follow(next.id, all, signal);
      next = await this.repository.newer(next);
    }
  }
}

interface LogsQuery {
  of: 'containers' | 'build';
  tail: number;
  since: Date | undefined;
  lastEventId: string | undefined;
  acrossReleases: boolean;
}
