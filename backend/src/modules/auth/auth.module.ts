import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ScopesGuard } from '../../common/guards/scopes.guard.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { KeyVerifier } from './key-verifier.js';
import { KeyWatch } from './key-watch.js';

@Module({
  controllers: [AuthController],
  providers: [
    ApiKeysRepository,
    ApiKeysService,
    KeyVerifier,
    KeyWatch,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
  ],
  exports: [KeyWatch],
})
export class AuthModule {}
