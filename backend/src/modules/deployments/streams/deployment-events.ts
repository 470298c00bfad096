import { Injectable, type OnModuleInit } from '@nestjs/common';
import pRetry from 'p-retry';
import { ReadThroughCache } from '#src/common/read-through-cache.js';
import { isDatabaseUnavailable } from '#src/common/filters/problem.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import type { DeploymentSource, DeploymentStatus } from '#src/generated/prisma/client.js';
import { milliseconds } from '#src/integrations/docker/log-decoder.js';
import type { TaskLogLine } from '#src/integrations/docker/service-logs.js';
import {
  DeploymentEventsRepository,
  type EventRow,
} from '#src/modules/deployments/repositories/deployment-events.repository.js';
import { IN_PROGRESS_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import { DeploymentChanges, type Watch } from '#src/modules/deployments/events/deployment-changes.js';
import { DeploymentLogs } from '#src/modules/deployments/logs/deployment-logs.js';
import { ALL_LINES } from '#src/modules/deployments/logs/service-log-reader.js';
import {
  advance,
  decodePosition,
  encodePosition,
  isAfter,
  type LogPosition,
} from '#src/modules/deployments/logs/log-position.js';

export interface StreamEvent {
  id: string;
  event: 'status' | 'progress' | 'log';
  data: object;
}

/** Read position of a client, encoded in the id of every event. */
interface Position {
  /** id of the last row; 0 is PENDING, which has none */
  row: bigint;
  logs: LogPosition;
}

/** The deployment when the client connected. */
export interface Origin {
  id: string;
  status: DeploymentStatus;
  source: DeploymentSource;
  createdAt: Date;
  releaseCommand: string[];
}

const BEFORE_ALL: Position = { row: -1n, logs: {} };
/** Progress is deleted this long after the deployment ended. */
const PROGRESS_TTL_MS = 3_600_000;
/** A change wakes all clients of a deployment at once, and they read the same rows. */
const READ_TTL_MS = 1000;
const DATABASE_RETRY = { retries: Infinity, minTimeout: 500, factor: 1 };

/**
 * Streams a deployment: its statuses and progress in the order in which they were written, and its logs. The stream
 * ends with the status that is the outcome, after every line printed until then. A client that reconnects with the id
 * of the last event gets the events after it.
 */
@Injectable()
export class DeploymentEvents implements OnModuleInit {
  private readonly rows = new ReadThroughCache<EventRow[]>(READ_TTL_MS);
  private readonly printed = new ReadThroughCache<TaskLogLine[]>(READ_TTL_MS);

  constructor(
    private readonly repository: DeploymentEventsRepository,
    private readonly changes: DeploymentChanges,
    private readonly logs: DeploymentLogs,
    private readonly buildLog: BuildLog,
    private readonly worker: JobWorker,
    private readonly signals: PgNotifications,
  ) {}

  onModuleInit(): void {
    this.signals.on('deployment.changed', ({ deploymentId }) => {
      this.rows.invalidate(deploymentId);
      this.printed.invalidate(deploymentId);
    });
    this.signals.on('reconnected', () => {
      this.rows.clear();
      this.printed.clear();
    });
    this.worker.register('deployment.prune-events', () =>
      this.repository.pruneProgress(new Date(Date.now() - PROGRESS_TTL_MS)),
    );
    this.worker.schedule('deployment.prune-events', '17 * * * *');
  }

  /** Undefined when the client has received everything. */
  async open(
    origin: Origin,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<AsyncGenerator<StreamEvent> | undefined> {
    const position = (lastEventId && parse(lastEventId)) || BEFORE_ALL;
    if (position.row > 0n && (await this.isOver(origin.id, position.row))) return undefined;
    return this.stream(origin, position, signal);
  }

  private async *stream(origin: Origin, from: Position, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const watch = this.changes.watch(origin.id);
    const following = new AbortController();
    let position = from;
    const logSignal = AbortSignal.any([signal, following.signal]);
    const follow = (log: BuildLog | DeploymentLogs) =>
      new LineReader(log.follow(origin.id, { from: position.logs }, logSignal));
    const build = hasBuildLog(origin) ? [follow(this.buildLog)] : [];
    let containers = origin.status === 'STARTING_CONTAINERS' ? [follow(this.logs)] : [];
    try {
      while (!signal.aborted) {
        for (const row of await this.rowsAfter(origin, position.row, signal)) {
          if (isFinal(row)) {
            following.abort();
            for (const line of await this.remainingLines(origin, position.logs)) {
              position = { ...position, logs: advance(position.logs, line) };
              yield logEvent(position, line);
            }
          }
          position = { ...position, row: row.id };
          yield { id: format(position), event: row.kind === 'STATUS' ? 'status' : 'progress', data: row.data };
          if (isFinal(row)) return;
          if (isStatus(row, 'STARTING_CONTAINERS') && containers.length === 0) containers = [follow(this.logs)];
        }
        for (const line of await this.nextLines(watch, [...build, ...containers], signal)) {
          position = { ...position, logs: advance(position.logs, line) };
          yield logEvent(position, line);
        }
      }
    } finally {
      following.abort();
      watch.end();
    }
  }

  /** Waits for a change or for new lines. Returns the lines; empty on a change. */
  private async nextLines(watch: Watch, logs: LineReader[], signal: AbortSignal): Promise<TaskLogLine[]> {
    const waiting = new AbortController();
    const changed = watch.next(AbortSignal.any([signal, waiting.signal])).then(() => undefined);
    const printed = logs.map(async (log) => ({ log, lines: await log.peek() }));
    try {
      const first = await Promise.race([changed, ...printed]);
      first?.log.take();
      return first?.lines ?? [];
    } finally {
      waiting.abort();
    }
  }

  private async remainingLines(origin: Origin, position: LogPosition): Promise<TaskLogLine[]> {
    const { id } = origin;
    try {
      const lines = await this.printed.get(id, async () => [
        ...(hasBuildLog(origin) ? await this.buildLog.lines(id, { tail: ALL_LINES }) : []),
        ...(await this.logs.lines(id, { tail: ALL_LINES })),
      ]);
      return lines.filter((line) => isAfter(position, line));
    } catch {
      return []; // the engine is unavailable: the client gets the status without the lines
    }
  }

  /** The stream stays open while the database is unavailable. */
  private async rowsAfter(
    { id: deploymentId, createdAt }: Origin,
    after: bigint,
    signal: AbortSignal,
  ): Promise<EventRow[]> {
    const rows = await pRetry(() => this.rows.get(deploymentId, () => this.repository.all(deploymentId)), {
      ...DATABASE_RETRY,
      shouldRetry: ({ error }) => isDatabaseUnavailable(error) && !signal.aborted,
    });
    return [pending(createdAt), ...rows].filter(({ id }) => id > after);
  }

  private async isOver(deploymentId: string, row: bigint): Promise<boolean> {
    const last = await this.repository.last(deploymentId);
    return last !== null && last.id <= row && isFinal(last);
  }
}

/** Reads the next lines of a log ahead; `take` consumes them. After the end of the log `peek` never resolves. */
class LineReader {
  private lines: Promise<TaskLogLine[]> | undefined;

  constructor(private readonly source: AsyncGenerator<TaskLogLine[]>) {}

  peek(): Promise<TaskLogLine[]> {
    return (this.lines ??= this.read());
  }

  take(): void {
    this.lines = undefined;
  }

  private async read(): Promise<TaskLogLine[]> {
    const next = await this.source.next().catch(() => undefined);
    return next?.done === false ? next.value : new Promise<never>(() => undefined);
  }
}

/** True when a build or a release command prints lines before the containers start. */
function hasBuildLog({ source, releaseCommand }: Origin): boolean {
  return source !== 'IMAGE' || releaseCommand.length > 0;
}

function isStatus({ kind, data }: EventRow, status: DeploymentStatus): boolean {
  return kind === 'STATUS' && (data as { status: DeploymentStatus }).status === status;
}

function isFinal(row: EventRow): boolean {
  return row.kind === 'STATUS' && !IN_PROGRESS_STATUSES.some((status) => isStatus(row, status));
}

function pending(createdAt: Date): EventRow {
  return { id: 0n, kind: 'STATUS', data: { status: 'PENDING', at: createdAt } };
}

function logEvent(position: Position, { time, stream, text }: TaskLogLine): StreamEvent {
  return { id: format(position), event: 'log', data: { time: milliseconds(time), stream, text } };
}

function format({ row, logs }: Position): string {
  return `${row}/${encodePosition(logs)}`;
}

function parse(id: string): Position | undefined {
  const [, row, rest] = /^(\d{1,18})\/(.*)$/.exec(id) ?? [];
  const logs = rest === undefined ? undefined : decodePosition(rest);
  return row && logs ? { row: BigInt(row), logs } : undefined;
}
