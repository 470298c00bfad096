import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtension, ApiHeader, ApiOperation, ApiProduces, ApiResponse, ApiSecurity } from '@nestjs/swagger';
import { API_ERRORS, type ApiErrorCode } from '#src/common/errors/error-registry.js';
import { AnyKey, Public, RequireScopes, type Scope } from './access.js';
import { RateLimit, type RateLimitName } from './rate-limit.js';

export interface OperationOptions {
  id: string;
  summary: string;
  description?: string;
  response: Type<unknown>;
  status?: number;
  /** Media type of the response when it is not JSON. */
  media?: string;
  /** Other media types of the response: text, or events. */
  alsoAs?: string[];
  /** Scopes that the key needs; without them any valid key is accepted. */
  scopes?: Scope[];
  /** No key needed. */
  open?: boolean;
  rateLimit?: RateLimitName;
  /** Example bodies by their summary. */
  examples?: Record<string, object>;
  /** Accepts an Idempotency-Key. */
  idempotent?: boolean;
  /** A 503 has the body of a 200. */
  health?: boolean;
  /** Error codes besides those of every operation. */
  errors?: ApiErrorCode[];
}

const ALWAYS: ApiErrorCode[] = ['VALIDATION_FAILED', 'RATE_LIMITED', 'INTERNAL', 'DATABASE_UNAVAILABLE'];
const WITH_BODY: ApiErrorCode[] = ['MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];
const IDEMPOTENT: ApiErrorCode[] = ['IDEMPOTENCY_KEY_REUSED', 'IDEMPOTENCY_IN_FLIGHT'];
const PROBLEM = { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } };
const LIMITS: Record<RateLimitName, string> = {
  general: 'general (RATE_LIMIT_MAX, 100 a minute)',
  deploy: 'deploy (DEPLOY_RATE_LIMIT_MAX, 5 a minute), and general',
  'git-deploy': 'git-deploy (GIT_DEPLOY_RATE_LIMIT_MAX, 3 a minute), and general',
  upload: 'upload (DEPLOY_RATE_LIMIT_MAX, 5 a minute), and general',
  'upload-deploy': 'upload-deploy (DEPLOY_RATE_LIMIT_MAX, 5 a minute), and general',
  run: 'run (RUN_RATE_LIMIT_MAX, 30 a minute), and general',
  none: 'none',
};

/**
 * Declares an operation except its route: access, rate limit, and its id and response schemas in the OpenAPI document.
 */
export function Operation(options: OperationOptions): MethodDecorator {
  const { id, summary, response, status = 200, scopes, open, idempotent, rateLimit, errors = [] } = options;
  const { media = 'application/json', alsoAs = [], examples } = options;
  const codes: ApiErrorCode[] = [
    ...ALWAYS,
    ...(open ? [] : (['UNAUTHENTICATED', 'KEY_ADDRESS_NOT_ALLOWED'] as const)),
    ...(scopes ? (['INSUFFICIENT_SCOPE'] as const) : []),
    ...(idempotent ? IDEMPOTENT : []),
    ...(examples ? WITH_BODY : []),
    ...errors,
  ];
  return applyDecorators(
    open ? Public() : scopes ? RequireScopes(...scopes) : AnyKey(),
    RateLimit(rateLimit ?? 'general'),
    ApiOperation({ operationId: id, summary, description: describe(options) }),
    ApiProduces(media, ...alsoAs),
    ApiResponse({ status, description: 'Done.', type: response }),
    ...(options.health
      ? [ApiResponse({ status: 503, description: 'A required component is down.', type: response })]
      : []),
    ...byStatus(codes)
      .filter(([errorStatus]) => !(options.health && errorStatus === 503))
      .map(([errorStatus, names]) =>
        ApiResponse({ status: errorStatus, description: names.join(', '), content: PROBLEM }),
      ),
    ...(idempotent ? [ApiHeader(IDEMPOTENCY_KEY)] : []),
    ...(examples ? [ApiExtension('x-examples', examples)] : []),
    ApiExtension('x-scopes', scopes ?? []),
    ...(open ? [] : [ApiSecurity('api-key')]),
  );
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  description: 'Up to 255 characters that you choose. The same key and body within 24 hours return the first response.',
  required: false,
  schema: { type: 'string' as const, maxLength: 255 },
};

function describe({ description, scopes, open, rateLimit = 'general' }: OperationOptions): string {
  const scope = open ? 'No key needed.' : scopes ? `Scope: ${scopes.join(', ')}.` : 'Any valid key.';
  return [description, scope, `Rate limit: ${LIMITS[rateLimit]}.`].filter(Boolean).join('\n\n');
}

function byStatus(codes: ApiErrorCode[]): [number, ApiErrorCode[]][] {
  const groups = new Map<number, ApiErrorCode[]>();
  for (const code of codes) groups.set(API_ERRORS[code].status, [...(groups.get(API_ERRORS[code].status) ?? []), code]);
  return [...groups];
}
