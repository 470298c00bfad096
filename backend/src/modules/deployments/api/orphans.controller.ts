import { Controller, Get } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { Operation } from '#src/common/decorators/operation.js';
import { type Orphan, Orphans } from '#src/modules/deployments/reconcile/orphans.js';

export class OrphanDto {
  @ApiProperty({ enum: ['SERVICE', 'NETWORK', 'VOLUME', 'CONFIG', 'SECRET'], enumName: 'OrphanKind' })
  kind: Orphan['kind'];
  /** Name in the Docker Engine. */
  name: string;
  environmentId: string | null;
  deploymentId: string | null;
  runId: string | null;
  reason: string;
}

export class OrphanListDto {
  orphans: OrphanDto[];
}

@ApiTags('admin')
@Controller('admin/orphans')
export class OrphansController {
  constructor(private readonly orphans: Orphans) {}

  @Get()
  @Operation({
    id: 'listOrphans',
    summary: 'List Docker objects with the platform’s labels that no database row refers to',
    description: 'They are only reported, never deleted.',
    response: OrphanListDto,
    scopes: ['ADMIN'],
    errors: ['DOCKER_UNAVAILABLE'],
  })
  async list(): Promise<OrphanListDto> {
    return { orphans: await this.orphans.list() };
  }
}
