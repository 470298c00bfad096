import { ApiProperty } from '@nestjs/swagger';
import { IsDefined, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { ID } from '#src/common/id.pipe.js';

const PORT = { message: 'must be a whole number between 1 and 65535' };

export class MakePublicDto {
  /** An ASCII or IDN host name of at least two labels; stored in lower-case punycode. */
  @ApiProperty({ example: 'shop.example.com' })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be a host name' })
  domain: string;

  /** Deployment that serves the site, and its later releases. Default: the newest RUNNING one with a TCP port. */
  @ApiProperty({ required: false, type: String })
  @IsOptional()
  @IsString({ message: 'must be the id of a deployment' })
  @Matches(ID, { message: 'must be the id of a deployment' })
  deploymentId?: string;

  /** Container port. Default: the deployment's first TCP port. */
  @ApiProperty({ required: false, type: Number, example: 8080 })
  @IsOptional()
  @IsInt(PORT)
  @Min(1, PORT)
  @Max(65_535, PORT)
  port?: number;
}
