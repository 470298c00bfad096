import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { ParseBooleanQuery } from '#src/common/parse-boolean-query.js';
import { TtlSeconds } from '#src/common/time/ttl.js';
import { PageQueryDto } from '#src/common/page-query.dto.js';
import type { EnvironmentStatus } from '#src/generated/prisma/client.js';
import { ENVIRONMENT_NAME } from './environment-name.js';
import type { EnvironmentRow } from './environments.repository.js';

export const ENVIRONMENT_STATUSES = [
  'CREATING',
  'ACTIVE',
  'DELETING',
  'DELETED',
  'ERROR',
] as const satisfies readonly EnvironmentStatus[];

export class CreateEnvironmentDto {
  /** 1–32 letters, digits, `_`, `-`; starts and ends with a letter or digit; unique among your live environments. */
  @ApiProperty({ example: 'shop' })
  @IsString({ message: 'must be a string' })
  @Matches(ENVIRONMENT_NAME, {
    message: 'must be 1 to 32 letters, digits, _ or -, beginning and ending with a letter or digit',
  })
  name: string;

  /** TTL in seconds: on expiry, everything in it is deleted. Bot and audit log warn before; PATCH extends it. */
  @TtlSeconds()
  ttlSeconds?: number | null;
}

export class UpdateEnvironmentDto {
  /** 1–32 letters, digits, `_`, `-`; starts and ends with a letter or digit; unique among your live environments. */
  @ApiProperty({ example: 'shop', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(ENVIRONMENT_NAME, {
    message: 'must be 1 to 32 letters, digits, _ or -, beginning and ending with a letter or digit',
  })
  name?: string;

  /** New TTL in seconds, counted from now; null: the environment does not expire. */
  @TtlSeconds()
  ttlSeconds?: number | null;
}

export class ListEnvironmentsQueryDto extends PageQueryDto {
  @ApiProperty({ enum: ENVIRONMENT_STATUSES, enumName: 'EnvironmentStatus', required: false })
  @IsOptional()
  @IsIn(ENVIRONMENT_STATUSES, { message: `must be one of ${ENVIRONMENT_STATUSES.join(', ')}` })
  status?: EnvironmentStatus;
}

export class DeleteEnvironmentQueryDto {
  /** Keep the volumes. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  preserveVolumes?: boolean = false;
}

export class CertificateDto {
  @ApiProperty({ enum: ['PENDING', 'ISSUED', 'FAILED'], enumName: 'CertificateStatus' })
  status: string;
  issuer: string | null;
  notBefore: Date | null;
  notAfter: Date | null;
  lastError: string | null;
  nextAttemptAt: Date | null;
}

export class EnvironmentDto {
  id: string;
  name: string;
  /** The overlay network's name. */
  overlayNetworkId: string;
  @ApiProperty({ enum: ENVIRONMENT_STATUSES, enumName: 'EnvironmentStatus' })
  status: EnvironmentStatus;
  isPublic: boolean;
  publicDomain: string | null;
  certificate: CertificateDto | null;
  errorMessage: string | null;
  /** When the environment is deleted; null: never. */
  expiresAt: Date | null;
  createdAt: Date;
  updatedAt: Date;

  static from(row: EnvironmentRow): EnvironmentDto {
    const {
      id,
      name,
      overlayNetworkId,
      status,
      isPublic,
      publicDomain,
      certificate,
      errorMessage,
      expiresAt,
      createdAt,
      updatedAt,
    } = row;
    return {
      id,
      name,
      overlayNetworkId,
      status,
      isPublic,
      publicDomain,
      certificate: certificate && certificateFrom(certificate),
      errorMessage,
      expiresAt,
      createdAt,
      updatedAt,
    };
  }
}

export class EnvironmentAnswerDto {
  environment: EnvironmentDto;
}

export class EnvironmentListDto {
  environments: EnvironmentDto[];
  nextCursor: string | null;
}

export class EnvironmentDeletionDto {
  message: string;
  environment: EnvironmentDto;
}

function certificateFrom({
  status,
  issuer,
  notBefore,
  notAfter,
  lastError,
  nextAttemptAt,
}: NonNullable<EnvironmentRow['certificate']>): CertificateDto {
  return { status, issuer, notBefore, notAfter, lastError, nextAttemptAt };
}
