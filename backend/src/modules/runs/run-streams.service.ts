import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { Run, RunStatus } from '#src/generated/prisma/client.js';
import { formatLine } from '#src/integrations/docker/log-decoder.js';
import { decodePosition } from '#src/modules/deployments/logs/log-position.js';
import { type PositionedLine, positionedLines } from '#src/modules/deployments/logs/positioned-lines.js';
import { endingRequest, OpenRequests } from '#src/modules/deployments/streams/open-requests.js';
import { RunLogs } from './run-logs.js';
import { isFinished } from './run-statuses.js';
import { RunsService } from './runs.service.js';

interface LogsQuery {
  tail: number;
  since: Date | undefined;
  lastEventId: string | undefined;
}

/** Logs and long polls of runs. */
@Injectable()
export class RunStreamsService {
  constructor(
    private readonly runs: RunsService,
    private readonly runLogs: RunLogs,
    private readonly requests: OpenRequests,
  ) {}

  /** Resolves when the status differs from `from` (default: the current one), is final, or after `waitMs`. */
  async changed(
    caller: Caller,
    id: string,
    { waitMs, from }: { waitMs: number; from: RunStatus | undefined },
    closed: AbortSignal,
  ): Promise<Run> {
    const first = await this.runs.get(caller, id);
    const known = from ?? first.status;
    const isDone = ({ status }: Run) => status !== known || isFinished(status);
    return this.requests.poll(caller, { id, waitMs, closed }, () => this.runs.get(caller, id), isDone);
  }

  async read(caller: Caller, id: string, { tail, since }: Omit<LogsQuery, 'lastEventId'>): Promise<string> {
    await this.runs.get(caller, id);
    const lines = await this.runLogs.lines(id, { tail, ...(since && { since }) });
    return lines.map(formatLine).join('');
  }

  /** Streams the log until the run has ended. */
  async follow(
    caller: Caller,
    id: string,
    { tail, since, lastEventId }: LogsQuery,
    closed: AbortSignal,
  ): Promise<AsyncGenerator<PositionedLine>> {
    await this.runs.get(caller, id);
    const from = (lastEventId && decodePosition(lastEventId)) || undefined;
    const request = this.requests.openStream(caller, closed);
    const query = { ...(since && { since }), ...(from ? { from } : { tail }) };
    const lines = this.runLogs.follow(id, query, request.signal);
    return endingRequest(positionedLines(lines, from ?? {}), request);
  }
}
