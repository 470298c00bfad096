import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { ApiKeysService } from './api-keys.service.js';
import { ApiKeyDto, ApiKeyListDto, KeyRevokedDto, MeDto, RevokeKeyDto } from './api-key.dto.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly keys: ApiKeysService) {}

  @Get('me')
  @Operation({ id: 'getMe', summary: 'Get the current user and API key', response: MeDto })
  async me(@CurrentCaller() caller: Caller): Promise<MeDto> {
    return MeDto.from(await this.keys.me(caller));
  }

  @Get('keys')
  @Operation({ id: 'listKeys', summary: 'List active API keys', response: ApiKeyListDto })
  async list(@CurrentCaller() caller: Caller): Promise<ApiKeyListDto> {
    return { keys: (await this.keys.listOwn(caller)).map((key) => ApiKeyDto.from(key)) };
  }

  @Post('revoke')
  @HttpCode(200)
  @Operation({
    id: 'revokeKey',
    summary: 'Revoke one of your API keys',
    description:
      'Suspends the hooks that the key made. A key revokes itself, and keys whose scopes it has; the bot revokes any.',
    response: KeyRevokedDto,
    examples: { 'one of your keys': { keyId: 'V1StGXR8_Z5jdHi6' } },
    errors: ['API_KEY_NOT_FOUND', 'INSUFFICIENT_SCOPE'],
  })
  async revoke(@CurrentCaller() caller: Caller, @Body() { keyId }: RevokeKeyDto): Promise<KeyRevokedDto> {
    return KeyRevokedDto.from(keyId, await this.keys.revokeOwn(caller, keyId));
  }
}
