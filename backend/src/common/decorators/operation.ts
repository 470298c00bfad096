import { applyDecorators, type Type } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import { API_ERRORS, type ApiErrorCode } from '../errors/error-registry.js';
import type { Scope } from './access.js';

export interface OperationOptions {
  id: string;
  summary: string;
  description?: string;
  /** null: the answer has no JSON body */
  response: Type<unknown> | null;
  status?: number;
  scopes?: Scope[];
  /** no key needed */
  open?: boolean;
  rateLimit?: string;
  /** beside those that every operation may answer with */
  errors?: ApiErrorCode[];
}

const ALWAYS: ApiErrorCode[] = ['VALIDATION_FAILED', 'RATE_LIMITED', 'INTERNAL', 'DATABASE_UNAVAILABLE'];
const WITH_KEY: ApiErrorCode[] = ['UNAUTHENTICATED', 'INSUFFICIENT_SCOPE'];

/** What the OpenAPI document says of an operation: id, scope, rate limit, and a schema for every answer. */
export function Operation(options: OperationOptions): MethodDecorator {
  const { id, summary, response, status = 200, open, errors = [] } = options;
  const codes = [...ALWAYS, ...(open ? [] : WITH_KEY), ...errors];
  return applyDecorators(
    ApiOperation({ operationId: id, summary, description: describe(options) }),
    ApiResponse({ status, description: 'Done.', ...(response && { type: response }) }),
    ...byStatus(codes).map(([errorStatus, names]) =>
      ApiResponse({
        status: errorStatus,
        description: names.join(', '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
      }),
    ),
    ApiProduces('application/json'),
    ...(open ? [] : [ApiSecurity('api-key')]),
  );
}

function describe({ description, scopes, open, rateLimit = 'general' }: OperationOptions): string {
  const scope = open ? 'No key needed.' : scopes ? `Scope: ${scopes.join(', ')}.` : 'Any valid key.';
  return [description, scope, `Rate limit: ${rateLimit}.`].filter(Boolean).join('\n\n');
}

function byStatus(codes: ApiErrorCode[]): [number, ApiErrorCode[]][] {
  const groups = new Map<number, ApiErrorCode[]>();
  for (const code of codes) groups.set(API_ERRORS[code].status, [...(groups.get(API_ERRORS[code].status) ?? []), code]);
  return [...groups];
}
