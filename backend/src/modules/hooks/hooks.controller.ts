import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { originOf } from '#src/common/decorators/origin.js';
import { Config } from '#src/config/config.js';
import { CreateHookDto, HookCreatedDto, HookDto, HookListDto, HookMessageDto, HookOutcomeDto } from './dto/hook.dto.js';
import { HookDeliveriesService } from './hook-deliveries.service.js';
import { HooksService } from './hooks.service.js';

@ApiTags('hooks')
@Controller()
export class HooksController {
  constructor(
    private readonly hooks: HooksService,
    private readonly deliveries: HookDeliveriesService,
    private readonly config: Config,
  ) {}

  @Post('environments/:id/hooks')
  @Operation({
    id: 'createHook',
    summary: 'Create a webhook that redeploys a name on every push',
    description:
      'The response has the URL and the secret for the webhook settings of the repository; choose push events there. The secret is not shown again.',
    response: HookCreatedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    examples: {
      'one branch': { name: 'web', branch: 'main' },
      'one folder': { name: 'api', paths: ['services/api/**'] },
    },
    errors: ['ENVIRONMENT_NOT_FOUND', 'ENVIRONMENT_NOT_ACTIVE', 'DEPLOYMENT_NOT_FOUND', 'HOOK_EXISTS'],
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Body() body: CreateHookDto,
  ): Promise<HookCreatedDto> {
    const { hook, secret } = await this.hooks.create(caller, environmentId, body);
    return { hook: this.toDto(hook), secret };
  }

  @Get('environments/:id/hooks')
  @Operation({
    id: 'listHooks',
    summary: 'List the hooks of an environment',
    response: HookListDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async list(@CurrentCaller() caller: Caller, @Param('id') environmentId: string): Promise<HookListDto> {
    return { hooks: (await this.hooks.list(caller, environmentId)).map((hook) => this.toDto(hook)) };
  }

  @Delete('hooks/:id')
  @Operation({
    id: 'deleteHook',
    summary: 'Delete a hook',
    response: HookMessageDto,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['HOOK_NOT_FOUND'],
  })
  async delete(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<HookMessageDto> {
    const { name } = await this.hooks.delete(caller, id);
    return { message: `Pushes no longer redeploy ${name}.` };
  }

  @Post('hooks/:id')
  @HttpCode(200)
  @Operation({
    id: 'deliverHook',
    summary: 'Receive a push webhook',
    description:
      'Up to 25 MiB of JSON, or a form with the field payload. Signed with the hook’s secret as GitHub, Gitea, Forgejo, Gogs and Bitbucket do it (`X-Hub-Signature-256`, `X-Hub-Signature: sha256=…`, `X-Gitea-Signature`), or `Webhook-Signature` (Standard Webhooks); or with the secret itself in `X-Gitlab-Token` or as the password of basic authentication (Azure DevOps). A repeated delivery changes nothing.',
    response: HookOutcomeDto,
    open: true,
    errors: [
      'HOOK_SIGNATURE_INVALID',
      'HOOK_SUSPENDED',
      'MALFORMED_JSON',
      'MALFORMED_REQUEST',
      'PAYLOAD_TOO_LARGE',
      'RATE_LIMITED',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  })
  deliver(@Param('id') id: string, @Req() request: Request): Promise<HookOutcomeDto> {
    return this.deliveries.deliver(id, request, { ...originOf(request), via: 'HOOK' });
  }

  private toDto(hook: Parameters<typeof HookDto.from>[0]): HookDto {
    return HookDto.from(hook, this.config.http.publicBaseUrl);
  }
}
