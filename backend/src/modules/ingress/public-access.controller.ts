import { Body, Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { EnvironmentAnswerDto, EnvironmentDto } from '#src/modules/environments/environment.dto.js';
import { MakePublicDto } from './dto/public-access.dto.js';
import { PublicAccessService } from './public-access.service.js';

@ApiTags('environments')
@Controller('environments')
export class PublicAccessController {
  constructor(private readonly publicAccess: PublicAccessService) {}

  @Post(':id/public')
  @HttpCode(200)
  @Operation({
    id: 'makeEnvironmentPublic',
    summary: 'Make an environment public under a domain name',
    description:
      'Point the name to this machine first. HTTP works at once, HTTPS as soon as `certificate.status` is ISSUED. Without a running deployment the site returns 503. With another domain, the site moves: the old name serves until the new one does.',
    response: EnvironmentAnswerDto,
    scopes: ['ENVIRONMENTS_WRITE'],
    examples: { 'the newest deployment': { domain: 'shop.example.com' } },
    errors: [
      'INVALID_DOMAIN',
      'DOMAIN_TAKEN',
      'DOMAIN_QUOTA_EXCEEDED',
      'ENVIRONMENT_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'DEPLOYMENT_NOT_FOUND',
      'INGRESS_UNAVAILABLE',
      'DOCKER_UNAVAILABLE',
    ],
  })
  async publish(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: MakePublicDto,
  ): Promise<EnvironmentAnswerDto> {
    return { environment: EnvironmentDto.from(await this.publicAccess.publish(caller, id, body)) };
  }

  @Delete(':id/public')
  @Operation({
    id: 'makeEnvironmentPrivate',
    summary: 'Make an environment private',
    description: 'The name is free for other environments some seconds later, when site and certificate are removed.',
    response: EnvironmentAnswerDto,
    scopes: ['ENVIRONMENTS_WRITE'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async withdraw(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<EnvironmentAnswerDto> {
    return { environment: EnvironmentDto.from(await this.publicAccess.withdraw(caller, id)) };
  }
}
