import { EnvironmentDto } from '#src/modules/environments/environment.dto.js';
import { DeploymentDto } from './deployment.dto.js';

export class EnvironmentDetailsDto extends EnvironmentDto {
  deployments: DeploymentDto[];
}

export class EnvironmentDetailsAnswerDto {
  environment: EnvironmentDetailsDto;
}
