import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Nullable } from '#src/common/null-fields.js';

const OCTAL = { message: 'must be octal permissions in quotes, such as "0444"' };
const OWNER = { message: 'must be a whole number between 0 and 2147483647' };
const MAX_OWNER = 2_147_483_647;
/** The text of a file of 500 KB; the content itself is checked in bytes. */
const MAX_TEXT = { message: 'must be at most 500 KB: use a volume, or put the file into the image' };

/** A file that is mounted read-only into every container. */
export class FileDto {
  /** Absolute path in the container. */
  @ApiProperty({ example: '/etc/nginx/conf.d/default.conf' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  // eslint-disable-next-line no-control-regex -- rejects control characters
  @Matches(/^\/[^\u0000-\u001f:,]+$/, { message: 'must be an absolute path in the container, without : and ,' })
  @IsString({ message: 'must be an absolute path' })
  path: string;

  /** The content as text, at most 500 KB. In the body of a redeploy or a promotion, null removes the file. */
  @ApiProperty({ type: String, required: false, nullable: true })
  @Nullable()
  @IsOptional()
  @MaxLength(500_000, MAX_TEXT)
  @IsString({ message: 'must be a string' })
  content?: string | null;

  /** The content in base64, instead of `content`: for bytes that are not text. */
  @IsOptional()
  @MaxLength(700_000, MAX_TEXT)
  @IsString({ message: 'must be base64' })
  contentBase64?: string;

  /** Octal permissions. */
  @ApiProperty({ example: '0444', required: false })
  @IsOptional()
  @IsString(OCTAL)
  @Matches(/^0?[0-7]{3}$/, OCTAL)
  mode?: string = '0444';

  /** Id of the user that owns the file. */
  @IsOptional()
  @IsInt(OWNER)
  @Min(0, OWNER)
  @Max(MAX_OWNER, OWNER)
  uid?: number = 0;

  /** Id of the group that owns the file. */
  @IsOptional()
  @IsInt(OWNER)
  @Min(0, OWNER)
  @Max(MAX_OWNER, OWNER)
  gid?: number = 0;

  /** Mounts it from a Swarm secret, in memory. */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  secret?: boolean = false;
}
