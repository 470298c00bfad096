import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import { ApiKeyDto } from './api-key.dto.js';
import type { MintedKey } from './api-keys.service.js';

export class MagicLinkTokenDto {
  /** The `token` parameter of the link that the bot sent. */
  @IsString({ message: 'is required: it is part of the link that the bot gave' })
  @MaxLength(200, { message: 'must be the token of a link that the bot gave' })
  token: string;
}

export class VerifiedKeyDto {
  /** The API key. It is not shown again. */
  apiKey: string;
  keyId: string;
  name: string | null;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes: Scope[];
  /** The environments that the key is bound to; null: all that its user may access. */
  @ApiProperty({ type: [String], nullable: true })
  environmentIds: string[] | null;
  expiresAt: Date | null;
  message: string;

  static from({ apiKey, key }: MintedKey): VerifiedKeyDto {
    const { keyId, name, scopes, environmentIds, expiresAt } = ApiKeyDto.from(key);
    const message = 'Keep this key: it is not shown again. Send it as X-API-Key.';
    return { apiKey, keyId, name, scopes, environmentIds, expiresAt, message };
  }
}
