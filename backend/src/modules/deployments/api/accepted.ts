import type { Response } from 'express';
import type { Config } from '#src/config/config.js';
import type { Created } from '#src/modules/deployments/release-creation.js';
import type { DeploymentAcceptedDto } from '#src/modules/deployments/dto/deployment.dto.js';

/** Builds the 201 response of a request that creates a release: sets Location, and Idempotency-Replayed on a replay. */
export function accepted({ answer, replayed }: Created, response: Response, { http }: Config): DeploymentAcceptedDto {
  response.setHeader('Location', `${http.publicBaseUrl}/deployments/job/${answer.jobId}`);
  if (replayed) response.setHeader('Idempotency-Replayed', 'true');
  return answer;
}
