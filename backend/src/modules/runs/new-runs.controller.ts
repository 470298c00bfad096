import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import type { ApiErrorCode } from '#src/common/errors/error-registry.js';
import { Config } from '#src/config/config.js';
import { CreateRunDto, RunAcceptedDto } from './run.dto.js';
import { type CreatedRun, RunCreation } from './run-creation.js';

const EXAMPLES = {
  'a migration': { command: ['npm', 'run', 'migrate'] },
  'with more memory and time': {
    command: ['python', 'manage.py', 'reindex'],
    envVars: { LOG_LEVEL: 'debug' },
    timeoutSeconds: 7200,
    resources: { memoryMb: 1024 },
  },
};
const ERRORS: ApiErrorCode[] = [
  'DEPLOYMENT_NOT_FOUND',
  'DEPLOYMENT_STATUS_CONFLICT',
  'ENVIRONMENT_NOT_ACTIVE',
  'RESOURCE_QUOTA_EXCEEDED',
  'RUN_QUOTA_EXCEEDED',
];

/** Runs one command with a release. */
@ApiTags('runs')
@Controller()
export class NewRunsController {
  constructor(
    private readonly creation: RunCreation,
    private readonly config: Config,
  ) {}

  @Post('deployments/:id/runs')
  @Operation({
    id: 'createRun',
    summary: 'Run a command once with a release',
    description:
      'Starts one container with the image digest, variables, volumes, network and restrictions of the release, which is RUNNING, or STOPPED after it ran. It is no replica, is not reachable by the name, and continues when the release is replaced or stopped. The command begins at most once: a run that was interrupted while it began is FAILED.',
    response: RunAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'run',
    idempotent: true,
    examples: EXAMPLES,
    errors: ERRORS,
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: CreateRunDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunAcceptedDto> {
    return this.accepted(await this.creation.create(caller, id, body, idempotent), response);
  }

  @Post('environments/:id/deployments/:name/runs')
  @Operation({
    id: 'createRunByName',
    summary: 'Run a command once with the running release of a name',
    description: 'As POST /deployments/{id}/runs, for the newest RUNNING release of the name.',
    response: RunAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'run',
    idempotent: true,
    examples: EXAMPLES,
    errors: ['ENVIRONMENT_NOT_FOUND', ...ERRORS],
  })
  async createByName(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Param('name') name: string,
    @Body() body: CreateRunDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RunAcceptedDto> {
    const of = { environmentId, name };
    return this.accepted(await this.creation.createByName(caller, of, body, idempotent), response);
  }

  private accepted({ answer, replayed }: CreatedRun, response: Response): RunAcceptedDto {
    response.setHeader('Location', `${this.config.http.publicBaseUrl}/runs/${answer.runId}`);
    if (replayed) response.setHeader('Idempotency-Replayed', 'true');
    return answer;
  }
}
