import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { DeploymentLogsService } from '#src/modules/deployments/streams/deployment-logs.service.js';
import { DeploymentStreamsService } from '#src/modules/deployments/streams/deployment-streams.service.js';
import {
  DeploymentAnswerDto,
  DeploymentDto,
  DeploymentEventDto,
  LogsDto,
} from '#src/modules/deployments/dto/deployment.dto.js';
import { LogsQueryDto } from '#src/modules/deployments/dto/logs-query.dto.js';
import { DeploymentWaitQueryDto } from '#src/modules/deployments/dto/wait-query.dto.js';
import { answerFollowedLogs, answerLogs } from '#src/modules/deployments/streams/answer-logs.js';
import { StreamingResponse } from '#src/modules/deployments/streams/streaming-response.js';

const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  description: 'Id of the last event received. The stream resumes after it.',
  required: false,
};

/** Long-running responses: long polling, event streams and log streams. */
@ApiTags('deployments')
@Controller('deployments')
export class DeploymentStreamsController {
  constructor(
    private readonly streams: DeploymentStreamsService,
    private readonly logs: DeploymentLogsService,
  ) {}

  @Get('job/:jobId')
  @Operation({
    id: 'getDeploymentByJob',
    summary: 'Get job status',
    description:
      'With `wait` the response is sent when the status differs from `status` (default: the current one), or after that many seconds.',
    response: DeploymentAnswerDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async getByJob(
    @CurrentCaller() caller: Caller,
    @Param('jobId') jobId: string,
    @Query() { wait, status }: DeploymentWaitQueryDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAnswerDto> {
    const row = await (wait === undefined
      ? this.streams.current(caller, jobId)
      : this.streams.changed(
          caller,
          jobId,
          { waitMs: wait * 1000, from: status },
          new StreamingResponse(response).closed,
        ));
    return { deployment: DeploymentDto.from(row) };
  }

  @Get('job/:jobId/events')
  @ApiHeader(LAST_EVENT_ID)
  @Operation({
    id: 'streamDeploymentEvents',
    summary: 'Stream the events of a deployment',
    description:
      'Server-sent events `status`, `progress` and `log`, with a heartbeat every 15 s. The stream ends with the status RUNNING, FAILED or STOPPED. A client that reconnects with `Last-Event-ID` gets every event once; 204 when no more events follow.',
    response: DeploymentEventDto,
    media: 'text/event-stream',
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'STREAM_QUOTA_EXCEEDED'],
  })
  async events(
    @CurrentCaller() caller: Caller,
    @Param('jobId') jobId: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const answer = new StreamingResponse(response);
    const events = await this.streams.events(caller, jobId, lastEventId, answer.closed);
    if (events) await answer.events(events);
    else response.status(204).end();
  }

  @Get(':id/logs')
  @ApiHeader(LAST_EVENT_ID)
  @Operation({
    id: 'getDeploymentLogs',
    summary: 'Get container logs',
    description:
      '`Accept: text/plain` returns plain text. `follow=true` streams new lines as `log` events or plain text; with `acrossReleases=true` the stream continues with the releases that replace this one. Empty before a container exists; after a failure, the output of the last container.',
    response: LogsDto,
    alsoAs: ['text/plain', 'text/event-stream'],
    scopes: ['LOGS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'STREAM_QUOTA_EXCEEDED', 'DOCKER_UNAVAILABLE'],
  })
  async readLogs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: LogsQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    await this.answerLogs(caller, id, 'containers', { ...query, lastEventId }, response);
  }

  @Get(':id/build-logs')
  @ApiHeader(LAST_EVENT_ID)
  @Operation({
    id: 'getDeploymentBuildLogs',
    summary: 'Get clone and build logs',
    description:
      'Same formats as GET /deployments/{id}/logs. Stored with the deployment, at most 10 MB. `follow=true` streams new lines until the build ends. Also has the output of the release command. Empty for an image from a registry without a release command.',
    response: LogsDto,
    alsoAs: ['text/plain', 'text/event-stream'],
    scopes: ['LOGS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'STREAM_QUOTA_EXCEEDED'],
  })
  async readBuildLogs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: LogsQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    await this.answerLogs(caller, id, 'build', { ...query, lastEventId }, response);
  }

  private async answerLogs(
    caller: Caller,
    id: string,
    of: 'containers' | 'build',
    {
      tail = 100,
      since,
      follow,
      acrossReleases = false,
      lastEventId,
    }: LogsQueryDto & { lastEventId: string | undefined },
    response: Response,
  ): Promise<void> {
    if (follow) {
      const query = { of, tail, since, lastEventId, acrossReleases };
      return answerFollowedLogs(response, (closed) => this.streams.logs(caller, id, query, closed));
    }
    const logs = await (of === 'build'
      ? this.logs.readBuild(caller, id, { tail, since })
      : this.logs.read(caller, id, { tail, since }));
    answerLogs(response, logs);
  }
}
