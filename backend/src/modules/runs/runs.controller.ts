import { Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { pageOf } from '#src/common/pagination.js';
import { LogsDto } from '#src/modules/deployments/dto/deployment.dto.js';
import { TailQueryDto } from '#src/modules/deployments/dto/logs-query.dto.js';
import { answerFollowedLogs, answerLogs } from '#src/modules/deployments/streams/answer-logs.js';
import { StreamingResponse } from '#src/modules/deployments/streams/streaming-response.js';
import { RunAnswerDto, RunDto, RunListDto, RunListQueryDto, RunMessageDto, RunWaitQueryDto } from './run.dto.js';
import { RunStreamsService } from './run-streams.service.js';
import { RunsService } from './runs.service.js';

@ApiTags('runs')
@Controller()
export class RunsController {
  constructor(
    private readonly runs: RunsService,
    private readonly streams: RunStreamsService,
  ) {}

  @Get('runs/:id')
  @Operation({
    id: 'getRun',
    summary: 'Get a run',
    description:
      'With `wait` the response is sent when the status differs from `status` (default: the current one), or after that many seconds.',
    response: RunAnswerDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['RUN_NOT_FOUND'],
  })
  async get(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { wait, status }: RunWaitQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunAnswerDto> {
    const row = await (wait === undefined
      ? this.runs.get(caller, id)
      : this.streams.changed(
          caller,
          id,
          { waitMs: wait * 1000, from: status },
          new StreamingResponse(response).closed,
        ));
    return { run: RunDto.from(row) };
  }

  @Get('runs/:id/logs')
  @ApiHeader({
    name: 'Last-Event-ID',
    description: 'Id of the last event received. The stream resumes after it.',
    required: false,
  })
  @Operation({
    id: 'getRunLogs',
    summary: 'Get the output of a run',
    description:
      'Same formats as GET /deployments/{id}/logs. `follow=true` streams new lines until the run has ended. The last 10000 lines, at most 1 MB, are stored with the run.',
    response: LogsDto,
    alsoAs: ['text/plain', 'text/event-stream'],
    scopes: ['LOGS_READ'],
    errors: ['RUN_NOT_FOUND', 'STREAM_QUOTA_EXCEEDED', 'DOCKER_UNAVAILABLE'],
  })
  async readLogs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { tail = 100, since, follow }: TailQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const query = { tail, since, lastEventId };
    if (follow) await answerFollowedLogs(response, (closed) => this.streams.follow(caller, id, query, closed));
    else answerLogs(response, await this.streams.read(caller, id, query));
  }

  @Post('runs/:id/cancel')
  @HttpCode(202)
  @Operation({
    id: 'cancelRun',
    summary: 'Cancel a run',
    description:
      'The command gets SIGTERM, and is killed some seconds later. The run ends as CANCELLED within 5 seconds.',
    response: RunMessageDto,
    status: 202,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['RUN_NOT_FOUND', 'RUN_NOT_CANCELLABLE'],
  })
  async cancel(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RunMessageDto> {
    const run = await this.runs.cancel(caller, id);
    return { message: 'The run is being cancelled.', run: RunDto.from(run) };
  }

  @Get('environments/:id/runs')
  @Operation({
    id: 'listRuns',
    summary: 'List the runs of an environment',
    description: 'Newest first. Of each name the last 50 ended runs are kept.',
    response: RunListDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Query() { name, ...page }: RunListQueryDto,
  ): Promise<RunListDto> {
    const { items, nextCursor } = await this.runs.listOfEnvironment(caller, environmentId, name, pageOf(page));
    return { runs: items.map((row) => RunDto.from(row)), nextCursor };
  }
}
