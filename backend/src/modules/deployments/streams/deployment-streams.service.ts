import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { unauthenticated } from '#src/common/errors/domain-error.js';
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

const LAST_WORDS_MS = 2000;
const POLL_INTERVAL_MS = 20;

/** Answers that take their time. Each ends when the client goes, when its key stops working, and when the process stops. */
@Injectable()
export class DeploymentStreamsService implements BeforeApplicationShutdown {
  private readonly open = new Set<Life>();

  constructor(
    private readonly deployments: DeploymentsService,
    private readonly repository: DeploymentsRepository,
    private readonly changes: DeploymentChanges,
    private readonly deploymentEvents: DeploymentEvents,
    private readonly deploymentLogs: DeploymentLogs,
    private readonly buildLog: BuildLog,
    private readonly keys: KeyRevocationWatcher,
  ) {}

  /** After that every connection is cut: who waits gets his answer, and streams their end. */
  async beforeApplicationShutdown(): Promise<void> {
    for (let waited = 0; this.open.size > 0 && waited < LAST_WORDS_MS; waited += POLL_INTERVAL_MS) await delay(POLL_INTERVAL_MS);
    await delay(POLL_INTERVAL_MS);
  }

  current(caller: Caller, jobId: string): Promise<DeploymentRow> {
    return this.deployments.poll(caller, jobId);
  }

  /** As soon as the status is another than `from` (by default than now), or cannot change any more, or after `waitMs`. */
  async changed(
    caller: Caller,
    jobId: string,
    { waitMs, from }: { waitMs: number; from: DeploymentStatus | undefined },
    gone: AbortSignal,
  ): Promise<DeploymentRow> {
    const { id } = await this.deployments.poll(caller, jobId);
    const watch = this.changes.watch(id);
    const life = this.life(caller, gone);
    const signal = AbortSignal.any([life.signal, AbortSignal.timeout(waitMs)]);
    try {
      let row = await this.deployments.poll(caller, jobId);
      const known = from ?? row.status;
      while (row.status === known && TRANSITIONS[row.status].length > 0 && !signal.aborted) {
        await watch.next(signal);
        row = await this.deployments.poll(caller, jobId);
      }
      if (life.key.aborted) throw unauthenticated();
      return row;
    } finally {
      watch.end();
      life.end();
    }
  }

  /** Undefined when the client, by its Last-Event-ID, has had everything. */
  async events(
    caller: Caller,
    jobId: string,
    lastEventId: string | undefined,
    gone: AbortSignal,
  ): Promise<AsyncGenerator<StreamEvent> | undefined> {
    const deployment = await this.deployments.getByJobId(caller, jobId);
    const life = this.life(caller, gone);
    try {
      const events = await this.deploymentEvents.open(deployment, lastEventId, life.signal);
      if (events) return whileAlive(events, life);
    } catch (error) {
      life.end();
      throw error;
    }
    life.end();
    return undefined;
  }

  /** Of the containers, or of the build. */
  async logs(
    caller: Caller,
    id: string,
    { of, tail, since, lastEventId, acrossReleases }: LogsQuery,
    gone: AbortSignal,
  ): Promise<AsyncGenerator<TaskLogLine & { id: string }>> {
    const deployment = await this.deployments.get(caller, id);
    const from = (lastEventId && decodePosition(lastEventId)) || undefined;
    const life = this.life(caller, gone);
    const query = { ...(since && { since }), ...(from ? { from } : { tail }) };
    const lines =
      of === 'build'
        ? this.buildLog.follow(deployment.id, query, life.signal)
        : acrossReleases
          ? this.followReleases(deployment, query, life.signal)
          : this.deploymentLogs.follow(deployment.id, query, life.signal);
    return whileAlive(withIds(lines, from ?? {}), life);
  }

  /** When a release is gone, the one that took its place: until there is none. */
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

  private life(caller: Caller, gone: AbortSignal): Life {
    const key = this.keys.watch(caller);
    const life: Life = {
      signal: AbortSignal.any([gone, key.signal, this.changes.closing]),
      key: key.signal,
      end: () => {
        this.open.delete(life);
        key.end();
      },
    };
    this.open.add(life);
    return life;
  }
}

interface LogsQuery {
  of: 'containers' | 'build';
  tail: number;
  since: Date | undefined;
  lastEventId: string | undefined;
  acrossReleases: boolean;
}

interface Life {
  /** ends with the client, the key or the process */
  signal: AbortSignal;
  key: AbortSignal;
  end: () => void;
}

async function* whileAlive<T>(source: AsyncGenerator<T>, life: Life): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    life.end();
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
