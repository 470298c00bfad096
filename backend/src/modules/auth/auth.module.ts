import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ScopesGuard } from '#src/common/guards/scopes.guard.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService } from './api-keys.service.js';
import { AuthController } from './auth.controller.js';
import { KeyEnvironmentsRepository } from './key-environments.repository.js';
import { KeyAuthentication } from './key-authentication.js';
import { KeyVerifier } from './key-verifier.js';
import { KeyRevocationWatcher } from './key-revocation-watcher.js';
import { MachineKeysService } from './machine-keys.service.js';
import { MagicLinksRepository } from './magic-links.repository.js';
import { MagicLinksService } from './magic-links.service.js';
import { VerifyPages } from './pages/verify-pages.js';
import { VerifyPagesController } from './pages/verify-pages.controller.js';
import { PairingCodesRepository } from './pairing-codes.repository.js';
import { VerifyController } from './pages/verify.controller.js';

@Module({
  controllers: [AuthController, VerifyController, VerifyPagesController],
  providers: [
    ApiKeysRepository,
    ApiKeysService,
    KeyEnvironmentsRepository,
    KeyAuthentication,
    KeyVerifier,
    KeyRevocationWatcher,
    MachineKeysService,
    MagicLinksRepository,
    MagicLinksService,
    PairingCodesRepository,
    VerifyPages,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_GUARD, useClass: ScopesGuard },
  ],
  exports: [
    ApiKeysService,
    KeyEnvironmentsRepository,
    KeyRevocationWatcher,
    MagicLinksRepository,
    MagicLinksService,
    PairingCodesRepository,
  ],
})
export class AuthModule {}
