import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '#src/common/decorators/operation.js';
import { pageOf } from '#src/common/pagination.js';
import { Audit } from '#src/core/audit/audit.js';
import { AuditEventDto, AuditListDto, AuditQueryDto } from './dto/audit.dto.js';

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly audit: Audit) {}

  @Get()
  @Operation({
    id: 'listAuditEvents',
    summary: 'List audit events, newest first',
    response: AuditListDto,
    scopes: ['ADMIN'],
  })
  async list(@Query() query: AuditQueryDto): Promise<AuditListDto> {
    const { items, nextCursor } = await this.audit.list(query, pageOf(query));
    return { events: items.map((event) => AuditEventDto.from(event)), nextCursor };
  }
}
