import type { Response } from 'express';
import type { ApiErrorCode } from '#src/common/errors/error-registry.js';
import type { Config } from '#src/config/config.js';
import type { Created } from '#src/modules/deployments/release-creation.js';
import type { DeploymentAcceptedDto } from '#src/modules/deployments/dto/deployment.dto.js';
import { DeploymentPlanAnswerDto, type DeploymentPlanDto } from '#src/modules/deployments/dto/deployment-plan.dto.js';

/** Of every operation that makes a release from another one. */
export const RELEASE_ERRORS: ApiErrorCode[] = [
  'ENVIRONMENT_NOT_ACTIVE',
  'DEPLOYMENT_STATUS_CONFLICT',
  'UPLOAD_GONE',
  'HOST_PORT_TAKEN',
  'DEPLOYMENT_QUOTA_EXCEEDED',
  'RESOURCE_QUOTA_EXCEEDED',
];

/** The response of an operation that has `dryRun`. */
export const PLAN = { status: 200, description: 'With `dryRun`: the plan.', type: DeploymentPlanAnswerDto };

/** Builds the 201 response of a request that creates a release: sets Location, and Idempotency-Replayed on a replay. */
export function accepted({ answer, replayed }: Created, response: Response, { http }: Config): DeploymentAcceptedDto {
  response.setHeader('Location', `${http.publicBaseUrl}/deployments/job/${answer.jobId}`);
  if (replayed) response.setHeader('Idempotency-Replayed', 'true');
  return answer;
}

export function planned(plan: DeploymentPlanDto, response: Response): DeploymentPlanAnswerDto {
  response.status(200);
  return { plan };
}
