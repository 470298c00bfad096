import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access } from '#src/common/decorators/access.js';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import { KeyAuthentication } from './key-authentication.js';

/** Authenticates a request by its X-API-Key header. Throws UNAUTHENTICATED, or RATE_LIMITED after too many failures. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: KeyAuthentication,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true; // the bot authenticates its users by their Telegram id
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access?.kind === 'public') return true;
    if (!access) throw new Error(`${context.getClass().name}.${context.getHandler().name} declares no access`);
    await this.authentication.authenticate(context.switchToHttp().getRequest<AuthenticatedRequest>());
    return true;
  }
}
