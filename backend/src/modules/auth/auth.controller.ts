import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyListDto, KeyRevokedDto, MeDto, RevokeKeyDto } from './api-key.dto.js';
import { CreateKeyDto, KeyCreatedDto } from './create-key.dto.js';
import { MachineKeysService } from './machine-keys.service.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly machineKeys: MachineKeysService,
  ) {}

  @Get('me')
  @Operation({ id: 'getMe', summary: 'Get the current user and API key', response: MeDto })
  async me(@CurrentCaller() caller: Caller): Promise<MeDto> {
    return MeDto.from(await this.keys.me(caller));
  }

  @Get('keys')
  @Operation({
    id: 'listKeys',
    summary: 'List API keys that are active or have expired lately',
    response: ApiKeyListDto,
  })
  async list(@CurrentCaller() caller: Caller): Promise<ApiKeyListDto> {
    return ApiKeyListDto.from(await this.keys.listOwn(caller));
  }

  @Post('keys')
  @Operation({
    id: 'createKey',
    summary: 'Create an API key for a machine',
    description:
      'The new key can do no more than the key that creates it: bounds that the body leaves out are inherited. A key that is bound to environments sees only those; everything else is a 404. The key is shown once, so there is no `Idempotency-Key`.',
    response: KeyCreatedDto,
    status: 201,
    examples: {
      'for CI': {
        name: 'ci',
        scopes: ['DEPLOYMENTS_WRITE', 'LOGS_READ'],
        environmentIds: ['clx0a1b2c3d4e5f6g7h8i9j0k'],
      },
      'with an end, from one network': {
        name: 'monitoring',
        scopes: ['DEPLOYMENTS_READ'],
        expiresAt: '2099-01-31T12:00:00Z',
        allowAddresses: ['203.0.113.0/24', '2001:db8::/32'],
      },
    },
    errors: ['INSUFFICIENT_SCOPE', 'ENVIRONMENT_NOT_FOUND', 'ENVIRONMENT_NOT_ACTIVE', 'API_KEY_QUOTA_EXCEEDED'],
  })
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateKeyDto): Promise<KeyCreatedDto> {
    return KeyCreatedDto.of(await this.machineKeys.create(caller, body));
  }

  @Post('revoke')
  @HttpCode(200)
  @Operation({
    id: 'revokeKey',
    summary: 'Revoke one of your API keys',
    description:
      'Suspends the hooks that the key made; keys that it made continue to work, and the response lists them. A key revokes itself, and keys whose scopes and environments it has; the bot revokes any.',
    response: KeyRevokedDto,
    examples: { 'one of your keys': { keyId: 'V1StGXR8_Z5jdHi6' } },
    errors: ['API_KEY_NOT_FOUND', 'INSUFFICIENT_SCOPE'],
  })
  async revoke(@CurrentCaller() caller: Caller, @Body() { keyId }: RevokeKeyDto): Promise<KeyRevokedDto> {
    return KeyRevokedDto.from(keyId, await this.keys.revokeOwn(caller, keyId));
  }
}
