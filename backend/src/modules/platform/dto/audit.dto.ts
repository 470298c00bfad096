import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { type Origin, AUDIT_SOURCES } from '#src/common/decorators/origin.js';
import { PageQueryDto } from '#src/common/page-query.dto.js';
import { AUDIT_ACTIONS, type AuditAction } from '#src/core/audit/audit.js';
import type { AuditEvent } from '#src/generated/prisma/client.js';

export class AuditQueryDto extends PageQueryDto {
  /** Only events of this action. */
  @ApiProperty({ enum: AUDIT_ACTIONS, enumName: 'AuditAction', required: false })
  @IsOptional()
  @IsIn(AUDIT_ACTIONS, { message: `must be one of ${AUDIT_ACTIONS.join(', ')}` })
  action?: AuditAction;

  /** Only events of this user. */
  @IsOptional()
  @Matches(/^[a-z0-9]{1,40}$/, { message: 'must be the id of a user' })
  userId?: string;
}

export class AuditEventDto {
  id: string;
  @ApiProperty({ enum: AUDIT_ACTIONS, enumName: 'AuditAction' })
  action: AuditAction;
  /** The user who acted; null: the operator on the host, or the platform itself. */
  userId: string | null;
  /** The API key that acted; of an event of a key, the key that was created or revoked. */
  keyId: string | null;
  /** Id of another object that was changed. */
  target: string | null;
  @ApiProperty({ enum: AUDIT_SOURCES, enumName: 'AuditVia' })
  via: Origin['via'];
  ip: string | null;
  requestId: string | null;
  /** Details of the event; never contains secrets. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  detail: Record<string, unknown> | null;
  createdAt: Date;

  static from(event: AuditEvent): AuditEventDto {
    const { id, userId, keyId, target, ip, requestId, createdAt } = event;
    return {
      id,
      action: event.action as AuditAction,
      userId,
      keyId,
      target,
      via: event.via as Origin['via'],
      ip,
      requestId,
      detail: event.detail as Record<string, unknown> | null,
      createdAt,
    };
  }
}

export class AuditListDto {
  events: AuditEventDto[];
  nextCursor: string | null;
}
