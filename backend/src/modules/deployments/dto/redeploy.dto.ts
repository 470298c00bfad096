import { IntersectionType, OmitType, PartialType } from '@nestjs/swagger';
import { IsBoolean, IsDefined, IsOptional, IsString, Matches } from 'class-validator';
import { ID } from '#src/common/id.pipe.js';
import { MergePatch } from '#src/common/merge-patch.js';
import { CreateDeploymentDto, DEPLOYMENT_NAME, RunOptionsDto } from './create-deployment.dto.js';
import { CreateGitDeploymentDto } from './create-git-deployment.dto.js';
import { CreateUploadDeploymentDto } from './create-upload-deployment.dto.js';

const PLACE = ['environmentId', 'name'] as const;

/** Every field of every way to deploy: a field that is added there can be changed. */
class AnyDeploymentDto extends IntersectionType(
  CreateDeploymentDto,
  CreateGitDeploymentDto,
  CreateUploadDeploymentDto,
) {}

@MergePatch()
export class RedeployDto extends PartialType(OmitType(AnyDeploymentDto, PLACE)) {
  /**
   * True: uses the image of the release as it is, without a pull or a build. False: resolves the tag or the branch
   * again. Default: true when fields are given and none of them is about the image or the source.
   */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  keepImage?: boolean;

  /** Refuses the request with 409 when another deployment is the newest of the name. */
  @IsOptional()
  @IsString({ message: 'must be the id of a deployment' })
  @Matches(ID, { message: 'must be the id of a deployment' })
  ifDeploymentId?: string;
}

@MergePatch()
export class PromoteDto extends PartialType(OmitType(RunOptionsDto, PLACE)) {
  /** The environment to release into. */
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be the id of an environment' })
  @Matches(ID, { message: 'must be the id of an environment' })
  environmentId: string;

  /** Name in that environment. Default: the name of the promoted deployment. */
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(DEPLOYMENT_NAME, {
    message: 'must be 1 to 32 lower-case letters, digits or -, beginning with a letter and not ending with -',
  })
  name?: string;

  /** Takes the variables of the promoted deployment instead of those of the newest release there. */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  keepEnvVars?: boolean = false;
}
