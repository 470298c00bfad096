import { Body, Controller, Delete, Get, HttpCode, Param, Post, type RawBodyRequest, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { originOf } from '#src/common/decorators/origin.js';
import { Config } from '#src/config/config.js';
import { CreateHookDto, HookCreatedDto, HookDto, HookListDto, HookMessageDto, HookOutcomeDto } from './dto/hook.dto.js';
import { HooksService } from './hooks.service.js';

@ApiTags('hooks')
@Controller()
export class HooksController {
  constructor(
    private readonly hooks: HooksService,
    private readonly config: Config,
  ) {}

  @Post('environments/:id/hooks')
  @Operation({
    id: 'createHook',
    summary: 'Create a webhook that redeploys a name on every push',
    description:
      'The response has the URL and the secret for the webhook settings of the repository; choose content type application/json there. The secret is not shown again.',
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
      'Signed with the hook’s secret: `X-Hub-Signature-256` as GitHub, Gitea and Forgejo send it, `X-Gitlab-Token`, or `Webhook-Signature` (Standard Webhooks). A repeated delivery changes nothing.',
    response: HookOutcomeDto,
    open: true,
    errors: [
      'HOOK_SIGNATURE_INVALID',
      'HOOK_SUSPENDED',
      'MALFORMED_JSON',
      'PAYLOAD_TOO_LARGE',
      'UNSUPPORTED_MEDIA_TYPE',
    ],
  })
  deliver(@Param('id') id: string, @Req() request: RawBodyRequest<Request>): Promise<HookOutcomeDto> {
    const { headers, rawBody = Buffer.alloc(0) } = request;
    return this.hooks.deliver(id, { headers, body: rawBody }, request.body as unknown, {
      ...originOf(request),
      via: 'HOOK',
    });
  }

  private toDto(hook: Parameters<typeof HookDto.from>[0]): HookDto {
    return HookDto.from(hook, this.config.http.publicBaseUrl);
  }
}
