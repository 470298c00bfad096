import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access } from '#src/common/decorators/access.js';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import { unauthenticated } from '#src/common/errors/domain-error.js';
import { FailedAuthentications } from '#src/core/rate-limits/failed-authentications.js';
import { originOf } from '#src/common/decorators/origin.js';
import { KeyVerifier } from './key-verifier.js';

/** Authenticates a request by its X-API-Key header. Throws UNAUTHENTICATED, or RATE_LIMITED after too many failures. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: KeyVerifier,
    private readonly failures: FailedAuthentications,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // the bot authenticates its users by their Telegram id
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access?.kind === 'public') return true;
    if (!access) throw new Error(`${context.getClass().name}.${context.getHandler().name} declares no access`);
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const holder = await this.verifier.verify(request.headers['x-api-key'], request.ip);
    if (!holder) {
      await this.failures.count(request.ip);
      throw unauthenticated();
    }
    request.caller = { ...holder, origin: originOf(request) };
    return true;
  }
}
