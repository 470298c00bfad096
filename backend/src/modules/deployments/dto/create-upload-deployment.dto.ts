import { ApiProperty } from '@nestjs/swagger';
import { IsDefined, IsString, Matches } from 'class-validator';
import { ID } from '#src/common/id.pipe.js';
import { BuildOptionsDto } from './build-options.dto.js';

export class CreateUploadDeploymentDto extends BuildOptionsDto {
  /** Id of an upload from POST /uploads that has not expired. */
  @ApiProperty({ example: 'clx1a2b3c4d5e6f7g8h9i0j1k' })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be the id of an upload' })
  @Matches(ID, { message: 'must be the id of an upload' })
  uploadId: string;
}
