import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsDefined,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { BuildOptionsDto } from './build-options.dto.js';

// eslint-disable-next-line no-control-regex -- rejects control characters
const ONE_LINE = /^[^\u0000-\u001f\u007f]*$/;

export class GitAuthDto {
  /** User name for `token`. Most servers accept any. */
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(256, { message: 'must be at most 256 characters' })
  @Matches(ONE_LINE, { message: 'must be one line' })
  username?: string;

  /** For https: a personal or deploy token, or a password. Encrypted at rest, never returned. */
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  @Matches(ONE_LINE, { message: 'must be one line' })
  token?: string;

  /** For ssh: a private key without passphrase, PEM or OpenSSH. Encrypted at rest, never returned. */
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(32_768, { message: 'must be at most 32768 characters' })
  @Matches(/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\s[A-Za-z0-9+/=:,\s-]+-----END [A-Z0-9 ]*PRIVATE KEY-----\s*$/, {
    message: 'must be a private key, from -----BEGIN to -----END',
  })
  sshKey?: string;
}

export class CreateGitDeploymentDto extends BuildOptionsDto {
  /**
   * `https://…`; with `gitAuth.sshKey` also `ssh://…` or `user@host:path`, as forges give it to copy. A user name before
   * the host counts as `gitAuth.username`.
   */
  @ApiProperty({ example: 'https://github.com/acme/shop.git' })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be a URL' })
  @MaxLength(2048, { message: 'must be at most 2048 characters' })
  gitUrl: string;

  /**
   * A branch or a tag, or the full name of a ref: `refs/tags/v1`, `refs/pull/12/head`. Default: the remote's default
   * branch, or its only one.
   */
  @ApiProperty({ example: 'main', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(255, { message: 'must be at most 255 characters' })
  branch?: string;

  /** Full commit id, 40 or 64 hexadecimal digits. */
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(/^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$/, {
    message: 'must be a whole commit id, 40 or 64 hexadecimal digits, as git rev-parse HEAD prints it',
  })
  commit?: string;

  /**
   * Fetches submodules too: those on the host of `gitUrl` with `gitAuth`, others by https without credentials.
   */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  submodules?: boolean = false;

  /** `token` for https, `sshKey` for ssh. */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => GitAuthDto)
  gitAuth?: GitAuthDto;
}
