import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedRequest } from './caller.js';

/** From where something is done: by the API, the bot, a magic link, or on the host. */
export interface Origin {
  via: 'API' | 'TELEGRAM' | 'LINK' | 'HOST';
  ip?: string | undefined;
  requestId?: string | undefined;
}

export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  const { ip, id } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  return { via: 'API', ip, requestId: id };
});
