import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { invalidField } from '#src/common/errors/domain-error.js';
import type { AuthenticatedRequest } from './caller.js';

/** A request that the client may retry. `body` holds what the key is bound to: the body and the ids of the path. */
export interface IdempotentRequest {
  userId: string;
  operation: string;
  key: string;
  body: unknown;
}

const KEY_PATTERN = /^[\x20-\x7e]{1,255}$/;

/** Injects the idempotent request; undefined without an Idempotency-Key. Throws VALIDATION_FAILED. */
export const Idempotent = createParamDecorator(
  (_: unknown, context: ExecutionContext): IdempotentRequest | undefined => {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const { headers, caller } = request;
    const key = headers['idempotency-key'];
    if (key === undefined || !caller) return undefined;
    if (typeof key !== 'string' || !KEY_PATTERN.test(key))
      throw invalidField('Idempotency-Key', 'must be 1 to 255 printable ASCII characters');
    const operation = `${context.getClass().name}.${context.getHandler().name}`;
    return {
      userId: caller.userId,
      // A bound key must not get the response to a request of another key: it may be outside its environments.
      operation: caller.environmentIds ? `${operation}/${caller.keyId}` : operation,
      key,
      body: Object.keys(request.params).length > 0 ? [request.params, request.body] : (request.body as unknown),
    };
  },
);
