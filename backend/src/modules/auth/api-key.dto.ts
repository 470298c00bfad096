import { IsString, Matches } from 'class-validator';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import type { ApiKey } from '#src/generated/prisma/client.js';
import { ApiProperty } from '@nestjs/swagger';
import type { KeyWithUser, Revocation } from './api-keys.repository.js';
import { revocationText } from './revocation-text.js';

export class ApiKeyDto {
  /** First half of the key; not secret. */
  keyId: string;
  name: string | null;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes: Scope[];
  /** The environments that the key is bound to; null: all that its user may access. */
  @ApiProperty({ type: [String], nullable: true })
  environmentIds: string[] | null;
  /** Addresses and ranges that requests may come from; null: any. */
  @ApiProperty({ type: [String], nullable: true })
  allowAddresses: string[] | null;
  createdAt: Date;
  /** The key that made it; null: a magic link or the operator did. */
  createdByKeyId: string | null;
  expiresAt: Date | null;
  /** Updated at most once a minute. */
  lastUsedAt: Date | null;

  static from(key: ApiKey): ApiKeyDto {
    const { keyId, name, scopes, createdAt, createdByKeyId, expiresAt, lastUsedAt } = key;
    const environmentIds = orNull(key.environmentIds);
    const allowAddresses = orNull(key.allowAddresses);
    return { keyId, name, scopes, environmentIds, allowAddresses, createdAt, createdByKeyId, expiresAt, lastUsedAt };
  }
}

export class ApiKeyListDto {
  /** Active keys, newest first. A bound key sees itself and keys that are bound to some of the same environments. */
  keys: ApiKeyDto[];
  /** Keys that have expired within the last seven days. */
  expiredKeys: ApiKeyDto[];

  static from({ active, expired }: { active: ApiKey[]; expired: ApiKey[] }): ApiKeyListDto {
    return { keys: active.map((key) => ApiKeyDto.from(key)), expiredKeys: expired.map((key) => ApiKeyDto.from(key)) };
  }
}

export class RevokeKeyDto {
  /** The key to revoke, one of the caller's own. */
  @IsString({ message: 'must be the keyId of one of your keys' })
  @Matches(/^[A-Za-z0-9_-]{16}$/, { message: 'must be 16 characters of A-Z a-z 0-9 _ -' })
  keyId: string;
}

export class SuspendedHookDto {
  id: string;
  environmentId: string;
  /** Name of the deployment that pushes redeployed. */
  name: string;
}

export class RemainingKeyDto {
  keyId: string;
  name: string | null;
}

export class KeyRevokedDto {
  message: string;
  /** Hooks that the key made: they accept no deliveries any more. */
  suspendedHooks: SuspendedHookDto[];
  /** Keys that the key made, directly or not, and that still work. */
  remainingKeys: RemainingKeyDto[];

  static from(keyId: string, revocation: Revocation): KeyRevokedDto {
    const { suspendedHooks, remainingKeys } = revocation;
    return { message: revocationText(keyId, revocation), suspendedHooks, remainingKeys };
  }
}

export class UserDto {
  id: string;
  telegramId: string;
  telegramHandle: string | null;
}

export class MeDto {
  user: UserDto;
  key: ApiKeyDto;

  static from(key: KeyWithUser): MeDto {
    const { id, telegramId, telegramHandle } = key.user;
    return { user: { id, telegramId, telegramHandle }, key: ApiKeyDto.from(key) };
  }
}

/** In responses, null says that there is no bound; a row has an empty list. */
function orNull(list: string[]): string[] | null {
  return list.length === 0 ? null : list;
}
