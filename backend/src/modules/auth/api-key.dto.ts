import { IsString, Matches } from 'class-validator';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import type { ApiKey } from '#src/generated/prisma/client.js';
import { ApiProperty } from '@nestjs/swagger';
import type { KeyWithUser } from './api-keys.repository.js';

export class ApiKeyDto {
  /** First half of the key; not secret. */
  keyId: string;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes: Scope[];
  createdAt: Date;
  expiresAt: Date | null;
  /** Updated at most once a minute. */
  lastUsedAt: Date | null;

  static from({ keyId, scopes, createdAt, expiresAt, lastUsedAt }: ApiKey): ApiKeyDto {
    return { keyId, scopes, createdAt, expiresAt, lastUsedAt };
  }
}

export class ApiKeyListDto {
  keys: ApiKeyDto[];
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

export class KeyRevokedDto {
  message: string;
  /** Hooks that the key made: they accept no deliveries any more. */
  suspendedHooks: SuspendedHookDto[];

  static from(keyId: string, suspendedHooks: SuspendedHookDto[]): KeyRevokedDto {
    return { message: revocationText(keyId, suspendedHooks), suspendedHooks };
  }
}

/** Says that a key is revoked, and which hooks with it. */
export function revocationText(keyId: string, hooks: SuspendedHookDto[]): string {
  const names = hooks.map(({ name }) => name).join(', ');
  const suspended = hooks.length === 0 ? '' : ` Pushes no longer redeploy ${names}: the key made these hooks.`;
  return `API key ${keyId} is revoked.${suspended}`;
}

export class UserDto {
  id: string;
  telegramId: string;
  telegramHandle: string | null;
}

export class CurrentKeyDto {
  keyId: string;
  @ApiProperty({ enum: SCOPES, enumName: 'Scope', isArray: true })
  scopes: Scope[];
  expiresAt: Date | null;
}

export class MeDto {
  user: UserDto;
  key: CurrentKeyDto;

  static from({ user, keyId, scopes, expiresAt }: KeyWithUser): MeDto {
    const { id, telegramId, telegramHandle } = user;
    return { user: { id, telegramId, telegramHandle }, key: { keyId, scopes, expiresAt } };
  }
}
