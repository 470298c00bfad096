import { Injectable } from '@nestjs/common';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import { originOf } from '#src/common/decorators/origin.js';
import { unauthenticated } from '#src/common/errors/domain-error.js';
import { FailedAuthentications } from '#src/core/rate-limits/failed-authentications.js';
import { KeyVerifier } from './key-verifier.js';

/** Sets the caller of a request by its X-API-Key header. */
@Injectable()
export class KeyAuthentication {
  constructor(
    private readonly verifier: KeyVerifier,
    private readonly failures: FailedAuthentications,
  ) {}

  /** Throws UNAUTHENTICATED, or RATE_LIMITED after too many failures. */
  async authenticate(request: AuthenticatedRequest): Promise<void> {
    const holder = await this.verifier.verify(request.headers['x-api-key'], request.ip);
    if (!holder) {
      await this.failures.count(request.ip);
      throw unauthenticated();
    }
    request.caller = { ...holder, origin: originOf(request) };
  }
}
