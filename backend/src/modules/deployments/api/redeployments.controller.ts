import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import { ApiBody, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { Config } from '#src/config/config.js';
import { PromotionsService } from '#src/modules/deployments/changes/promotions.service.js';
import { RedeploymentsService } from '#src/modules/deployments/changes/redeployments.service.js';
import { DeploymentAcceptedDto } from '#src/modules/deployments/dto/deployment.dto.js';
import { DeploymentPlanAnswerDto } from '#src/modules/deployments/dto/deployment-plan.dto.js';
import { PromoteDto, RedeployDto } from '#src/modules/deployments/dto/redeploy.dto.js';
import { PROMOTE_EXAMPLES, REDEPLOY_EXAMPLES } from '#src/modules/deployments/dto/release-examples.js';
import { accepted, PLAN, planned, RELEASE_ERRORS } from './accepted.js';

@ApiTags('deployments')
@Controller()
export class RedeploymentsController {
  constructor(
    private readonly redeployments: RedeploymentsService,
    private readonly promotions: PromotionsService,
    private readonly config: Config,
  ) {}

  @Post('deployments/:id/redeploy')
  @Operation({
    id: 'redeployDeployment',
    summary: 'Redeploy the same again, or with changes',
    description:
      'Creates a new release of the same name. The body is a merge patch (RFC 7396) of the fields of a deployment: a missing field stays, null removes it, `envVars` merge by name. Without fields the tag or the branch is resolved again; an uploaded folder is rebuilt while the upload is retained. Fields are merged into the newest release of the name that has not FAILED, or into the deployment of the id while it is the newest, when the release is created: of concurrent changes none is lost.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: REDEPLOY_EXAMPLES,
    errors: ['DEPLOYMENT_NOT_FOUND', 'UPLOAD_NOT_FOUND', ...RELEASE_ERRORS],
  })
  @ApiBody({ type: RedeployDto, required: false })
  @ApiResponse(PLAN)
  async redeploy(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: RedeployDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    if (body.dryRun) return planned(await this.redeployments.plan(caller, id, body), response);
    return accepted(await this.redeployments.redeploy(caller, id, body, idempotent), response, this.config);
  }

  @Post('environments/:id/deployments/:name/redeploy')
  @Operation({
    id: 'redeployByName',
    summary: 'Redeploy by name, the same again or with changes',
    description: 'As POST /deployments/{id}/redeploy, for clients that store no ids.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: REDEPLOY_EXAMPLES,
    errors: ['ENVIRONMENT_NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', 'UPLOAD_NOT_FOUND', ...RELEASE_ERRORS],
  })
  @ApiBody({ type: RedeployDto, required: false })
  @ApiResponse(PLAN)
  async redeployByName(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Param('name') name: string,
    @Body() body: RedeployDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    const of = { environmentId, name };
    if (body.dryRun) return planned(await this.redeployments.plan(caller, of, body), response);
    return accepted(await this.redeployments.redeploy(caller, of, body, idempotent), response, this.config);
  }

  @Post('deployments/:id/promote')
  @Operation({
    id: 'promoteDeployment',
    summary: 'Release the image of a deployment in another environment',
    description:
      'Creates a release with the same image digest there, without a pull from a registry or a build. Variables and the other run fields are those of the newest release of that name there; fields of the body are merged into them. A name that is new there gets the run fields of the promoted deployment without host ports, TTL and, unless `keepEnvVars`, variables.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: PROMOTE_EXAMPLES,
    errors: ['DEPLOYMENT_NOT_FOUND', 'ENVIRONMENT_NOT_FOUND', ...RELEASE_ERRORS],
  })
  @ApiResponse(PLAN)
  async promote(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: PromoteDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    if (body.dryRun) return planned(await this.promotions.plan(caller, id, body), response);
    return accepted(await this.promotions.promote(caller, id, body, idempotent), response, this.config);
  }
}
