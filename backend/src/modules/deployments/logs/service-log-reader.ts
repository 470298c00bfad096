import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { LogQuery } from '#src/integrations/docker/containers.js';
import { isDockerError } from '#src/integrations/docker/docker-error.js';
import { newestLines } from '#src/integrations/docker/newest-lines.js';
import { ServiceLogs, type TaskLogLine } from '#src/integrations/docker/service-logs.js';
import type { Watch } from '#src/modules/deployments/events/deployment-changes.js';
import { decodeLogLine, encodeLogLine } from './log-line-codec.js';
import { advance, earliest, isAfter, type LogPosition } from './log-position.js';
import { TaskLogs } from './task-logs.js';

const MAX_RETAINED_CHARACTERS = 1_000_000;
const RECHECK_MS = 500;
const SERVICE_POLL_INTERVAL_MS = 10_000;
/** The largest `tail` that a request may have. */
export const ALL_LINES = 10_000;

export interface FollowQuery {
  /** position up to which the client has read */
  from?: LogPosition;
  /** number of existing lines to start with; default: all */
  tail?: number;
  since?: Date;
}

/** What has one Swarm service at a time, and lines that were stored when its containers were stopped. */
export interface LoggedService {
  /** of its last lines */
  maxRetainedLines: number;
  serviceId: () => Promise<string | undefined>;
  /** false: it has no service any more and gets none */
  isLive: () => Promise<boolean>;
  stored: () => Promise<string | undefined>;
  store: (content: string) => Promise<void>;
  watch: () => Watch;
}

/** Reads the logs of a service: from Docker while its containers exist, and the stored lines. */
@Injectable()
export class ServiceLogReader {
  constructor(
    private readonly tasks: TaskLogs,
    private readonly serviceLogs: ServiceLogs,
  ) {}

  /** Lines in order of time; empty when no container ever ran. */
  async lines(of: LoggedService, query: LogQuery): Promise<TaskLogLine[]> {
    const service = await of.serviceId();
    const retained = await this.retained(of, query);
    return service ? merged([...retained, ...(await this.tasks.lines(service, query))], query.tail) : retained;
  }

  /**
   * Yields the existing lines after the position and then new ones, until the service is gone or the signal aborts. It
   * waits for a service that is not created yet, and resumes when the engine is available: each line exactly once.
   */
  async *follow(
    of: LoggedService,
    { from = {}, tail, since }: FollowQuery,
    signal: AbortSignal,
  ): AsyncGenerator<TaskLogLine[]> {
    let position = from;
    let started = false;
    const fresh = (lines: TaskLogLine[]) => {
      const unread = lines.filter((line) => isAfter(position, line));
      for (const line of unread) position = advance(position, line);
      started = true;
      return unread;
    };
    while (!signal.aborted) {
      try {
        const service = await of.serviceId();
        const limit = started ? undefined : tail;
        if (service) {
          const before = fresh(await this.retained(of, { tail: limit ?? ALL_LINES, ...(since && { since }) }));
          if (before.length > 0) yield before;
          const start = earliest(position) ?? since?.toISOString();
          const query = { tail: limit ?? ('all' as const), ...(start && { since: start }) };
          const following = new AbortController();
          void this.abortWithService(of, following, signal);
          try {
            for await (const lines of this.serviceLogs.follow(service, query, following.signal)) {
              const unread = fresh(lines);
              if (unread.length > 0) yield unread;
            }
          } finally {
            following.abort();
          }
        } else if (!(await of.isLive())) {
          const rest = fresh(await this.retained(of, { tail: limit ?? ALL_LINES, ...(since && { since }) }));
          if (rest.length > 0) yield rest;
          return;
        }
      } catch (error) {
        if (!isDockerError(error, 'unavailable') && !isDockerError(error, 'not-found')) throw error;
      }
      await delay(RECHECK_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /**
   * Runs `stop`, which ends the containers of the service, and stores their last lines, with those printed while they
   * stop: Swarm may remove the containers at once. The lines until then are stored first, because a crash may follow.
   */
  async retainWhile(of: LoggedService, serviceId: string, stop: () => Promise<void>): Promise<void> {
    await this.retain(of, await this.tasks.lines(serviceId, { tail: of.maxRetainedLines }));
    const following = await this.tasks.followToEnd(serviceId, of.maxRetainedLines);
    try {
      await stop();
    } finally {
      await this.retain(of, await following.end());
    }
  }

  /** Adds to the stored lines. */
  private async retain(of: LoggedService, lines: TaskLogLine[]): Promise<void> {
    if (lines.length === 0) return;
    const stored = await this.retained(of, { tail: of.maxRetainedLines });
    const encoded = merged([...stored, ...lines], of.maxRetainedLines).map((line) =>
      JSON.stringify(encodeLogLine(line)),
    );
    await of.store(encoded.slice(-fittingCount(encoded)).join('\n'));
  }

  private async retained(of: LoggedService, { tail, since }: LogQuery): Promise<TaskLogLine[]> {
    const content = await of.stored();
    const lines = content?.split('\n').map(decodeLogLine) ?? [];
    const from = since?.toISOString().replace('Z', '');
    return lines.filter(({ time }) => !from || time >= from).slice(-tail);
  }

  /** Aborts `following` with the signal and when the service is gone, because the Engine does not end the log then. */
  private async abortWithService(of: LoggedService, following: AbortController, signal: AbortSignal): Promise<void> {
    const watch = of.watch();
    while (!following.signal.aborted) {
      await watch.next(AbortSignal.any([signal, following.signal, AbortSignal.timeout(SERVICE_POLL_INTERVAL_MS)]));
      // An unavailable engine does not mean that the service is gone.
      const exists = await of.serviceId().catch(() => 'unknown');
      if (signal.aborted || !exists) following.abort();
    }
    watch.end();
  }
}

/** The last `tail` lines in order of time, each once. */
function merged(lines: TaskLogLine[], tail: number): TaskLogLine[] {
  const unique = new Map(lines.map((line) => [JSON.stringify(encodeLogLine(line)), line]));
  return newestLines([...unique.values()], tail);
}

/** Number of last lines that fit into MAX_RETAINED_CHARACTERS together. */
function fittingCount(lines: string[]): number {
  let remaining = MAX_RETAINED_CHARACTERS;
  const tooFar = lines.toReversed().findIndex((line) => (remaining -= line.length + 1) < 0);
  return tooFar === -1 ? lines.length : Math.max(tooFar, 1);
}
