import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access } from '../../common/decorators/access.js';
import type { AuthenticatedRequest } from '../../common/decorators/caller.js';
import { DomainError } from '../../common/errors/domain-error.js';
import { KeyVerifier } from './key-verifier.js';

/** Who is it? One identical refusal for a key that is missing, malformed, unknown, wrong, revoked or expired. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly verifier: KeyVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access?.kind === 'public') return true;
    if (!access)
      throw new Error(`${context.getClass().name}.${context.getHandler().name} says nothing about who may call it`);
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const presented = request.headers['x-api-key'];
    const caller = typeof presented === 'string' ? await this.verifier.verify(presented) : undefined;
    if (!caller)
      throw new DomainError('UNAUTHENTICATED', {
        detail: 'A valid API key is needed.',
        hint: 'Send it in the header X-API-Key.',
      });
    request.caller = caller;
    return true;
  }
}
