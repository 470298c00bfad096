import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, unauthenticated } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import { KeyRevocationWatcher } from '#src/modules/auth/key-revocation-watcher.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import {
  type DeploymentRow,
  DeploymentsRepository,
} from '#src/modules/deployments/repositories/deployments.repository.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { TRANSITIONS } from '#src/modules/deployments/domain/transitions.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';
import { DeploymentEvents, type StreamEvent } from './deployment-events.js';
import { DeploymentLogs, type FollowQuery } from '#src/modules/deployments/logs/deployment-logs.js';
import { advance, decodePosition, encodePosition } from '#src/modules/deployments/logs/log-position.js';

const SHUTDOWN_GRACE_MS = 4000;
const POLL_INTERVAL_MS = 20;

/** Long polls and streams. Each ends when the client disconnects, its API key is revoked, or the process stops. */
@Injectable()
export class DeploymentStreamsService implements BeforeApplicationShutdown {
  private readonly open = new Set<OpenRequest>();

  constructor(
    private readonly deployments: DeploymentsService,
    private readonly repository: DeploymentsRepository,
    private readonly changes: DeploymentChanges,
    private readonly deploymentEvents: DeploymentEvents,
    private readonly deploymentLogs: DeploymentLogs,
    private readonly buildLog: BuildLog,
    private readonly keys: KeyRevocationWatcher,
    private readonly config: Config,
  ) {}

  /** Waits until long polls have their response and streams have ended: all connections are closed after it. */
  async beforeApplicationShutdown(): Promise<void> {
    for (let waited = 0; this.open.size > 0 && waited < SHUTDOWN_GRACE_MS; waited += POLL_INTERVAL_MS)
      await delay(POLL_INTERVAL_MS);
    await delay(POLL_INTERVAL_MS);
  }

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
    const watch = this.changes.watch(id);
    const request = this.openRequest(caller, closed);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(waitMs)]);
    try {
      let row = await this.deployments.poll(caller, jobId);
      const known = from ?? row.status;
      while (row.status === known && TRANSITIONS[row.status].length > 0 && !signal.aborted) {
        await watch.next(signal);
        row = await this.deployments.poll(caller, jobId);
      }
      if (request.key.aborted) throw unauthenticated();
      return row;
    } finally {
      watch.end();
      request.end();
    }
  }

  /** Undefined when the client, by its Last-Event-ID, has received everything. */
  async events(
    caller: Caller,
    jobId: string,
    lastEventId: string | undefined,
    closed: AbortSignal,
  ): Promise<AsyncGenerator<StreamEvent> | undefined> {
    const deployment = await this.deployments.getByJobId(caller, jobId);
    const request = this.openStream(caller, closed);
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
  ): Promise<AsyncGenerator<TaskLogLine & { id: string }>> {
    const deployment = await this.deployments.get(caller, id);
    const from = (lastEventId && decodePosition(lastEventId)) || undefined;
    const request = this.openStream(caller, closed);
    const query = { ...(since && { since }), ...(from ? { from } : { tail }) };
    const lines =
      of === 'build'
        ? this.buildLog.follow(deployment.id, query, request.signal)
        : acrossReleases
          ? this.followReleases(deployment, query, request.signal)
          : this.deploymentLogs.follow(deployment.id, query, request.signal);
    return endingRequest(withIds(lines, from ?? {}), request);
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

  /**
   * Throws STREAM_QUOTA_EXCEEDED. Each stream holds a connection to the client, and for logs one to the Engine. Long
   * polls do not count: they end after a minute, and the rate limit counts them.
   */
  private openStream(caller: Caller, closed: AbortSignal): OpenRequest {
    const max = this.config.quota.streamsPerUser;
    const own = [...this.open].filter(({ streamOf }) => streamOf === caller.userId);
    if (own.length >= max)
      throw new DomainError('STREAM_QUOTA_EXCEEDED', {
        detail: `You have ${max} open streams, the maximum.`,
        hint: 'Close a stream first, or ask the operator to raise MAX_STREAMS_PER_USER.',
      });
    const request = this.openRequest(caller, closed, caller.userId);
    // The source of a stream whose client has disconnected at once never starts, and so never ends.
    closed.addEventListener('abort', request.end, { once: true });
    return request;
  }

  private openRequest(caller: Caller, closed: AbortSignal, streamOf?: string): OpenRequest {
    const key = this.keys.watch(caller);
    const request: OpenRequest = {
      streamOf,
      signal: AbortSignal.any([closed, key.signal, this.changes.closing]),
      key: key.signal,
      end: () => {
        this.open.delete(request);
        key.end();
      },
    };
    this.open.add(request);
    return request;
  }
}

interface LogsQuery {
  of: 'containers' | 'build';
  tail: number;
  since: Date | undefined;
  lastEventId: string | undefined;
  acrossReleases: boolean;
}

interface OpenRequest {
  /** the user, if it is a stream and not a long poll */
  streamOf: string | undefined;
  /** aborts when the client disconnects, the key is revoked, or the process stops */
  signal: AbortSignal;
  key: AbortSignal;
  end: () => void;
}

/** Ends the request when the source ends or the client stops reading. */
async function* endingRequest<T>(source: AsyncGenerator<T>, request: OpenRequest): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    request.end();
  }
}

async function* withIds(
  source: AsyncGenerator<TaskLogLine[]>,
  from: Record<string, string>,
): AsyncGenerator<TaskLogLine & { id: string }> {
  let position: Readonly<Record<string, string>> = from;
  for await (const lines of source) {
    for (const line of lines) {
      position = advance(position, line);
      yield { ...line, id: encodePosition(position) };
    }
  }
}
