import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsISO8601,
  IsOptional,
  IsRFC3339,
  IsString,
  Matches,
} from 'class-validator';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import { ID } from '#src/common/id.pipe.js';
import { AddressRanges } from './address-ranges.decorator.js';
import { KEY_NAME, KEY_NAME_RULE, MAX_BOUND_ENVIRONMENTS } from './key-bounds.js';
import { ApiKeyDto } from './api-key.dto.js';
import type { MintedKey } from './api-keys.service.js';

const GRANTABLE = SCOPES.filter((scope) => scope !== 'ADMIN');
const SCOPES_RULE = `must be a list of ${GRANTABLE.join(', ')}; the bot and script/key create keys with ADMIN`;
const ENVIRONMENTS_RULE = `must be a list of 1 to ${MAX_BOUND_ENVIRONMENTS} ids of environments, each once`;
const TIME_RULE = 'must be a time such as 2026-01-31T12:00:00Z';

export class CreateKeyDto {
  /** What the key is for: 1–64 letters, digits, spaces or `. _ @ / -`. */
  @ApiProperty({ example: 'ci' })
  @IsString({ message: 'must be a string' })
  @Matches(KEY_NAME, { message: KEY_NAME_RULE })
  name: string;

  /** Scopes of the new key: those of the key that makes it, or fewer; never ADMIN. */
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  @IsArray({ message: SCOPES_RULE })
  @ArrayMinSize(1, { message: SCOPES_RULE })
  @ArrayMaxSize(GRANTABLE.length, { message: SCOPES_RULE })
  @ArrayUnique({ message: SCOPES_RULE })
  @IsIn(GRANTABLE, { each: true, message: SCOPES_RULE })
  scopes: Scope[];

  /** The environments that it works in: it sees nothing else. Default: those of the key that makes it. */
  @IsOptional()
  @IsArray({ message: ENVIRONMENTS_RULE })
  @ArrayMinSize(1, { message: ENVIRONMENTS_RULE })
  @ArrayMaxSize(MAX_BOUND_ENVIRONMENTS, { message: ENVIRONMENTS_RULE })
  @ArrayUnique({ message: ENVIRONMENTS_RULE })
  @IsString({ each: true, message: ENVIRONMENTS_RULE })
  @Matches(ID, { each: true, message: ENVIRONMENTS_RULE })
  environmentIds?: string[];

  /** When it expires, RFC 3339; not after the key that makes it, which is the default. */
  @ApiProperty({ type: String, format: 'date-time', required: false })
  @IsOptional()
  @IsRFC3339({ message: TIME_RULE })
  @IsISO8601({ strict: true }, { message: TIME_RULE })
  expiresAt?: string;

  /** IPv4 and IPv6 addresses and ranges that requests may come from. Default: those of the key that makes it. */
  @IsOptional()
  @AddressRanges()
  allowAddresses?: string[];
}

export class KeyCreatedDto extends ApiKeyDto {
  /** The API key. It is not shown again. */
  apiKey: string;
  message: string;

  static of({ apiKey, key }: MintedKey): KeyCreatedDto {
    return { apiKey, ...ApiKeyDto.from(key), message: 'Keep this key: it is not shown again. Send it as X-API-Key.' };
  }
}
