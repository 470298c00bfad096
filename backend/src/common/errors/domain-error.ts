import { asSentence } from './as-sentence.js';
import type { ApiErrorCode } from './error-registry.js';

export interface FieldError {
  /** Dotted path into the body, `ports.0.container`, or the parameter's name. */
  path: string;
  message: string;
}

export interface DomainErrorOptions {
  /** Public sentence: never a secret, SQL or a path of the host. */
  detail: string;
  hint?: string;
  errors?: FieldError[];
  required?: string[];
  /** Overrides the value of the error registry. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** Error that services throw. The error registry gives its status; ProblemFilter turns it into problem+json. */
export class DomainError extends Error {
  constructor(
    readonly code: ApiErrorCode,
    readonly options: DomainErrorOptions,
  ) {
    super(options.detail, { cause: options.cause });
  }
}

/** The same error for a key that is missing, malformed, unknown, wrong, revoked or expired. */
export function unauthenticated(): DomainError {
  return new DomainError('UNAUTHENTICATED', {
    detail: 'A valid API key is needed.',
    hint: 'Send it in the header X-API-Key.',
  });
}

/** The same error for an environment that does not exist and for one that the caller may not access. */
export function environmentNotFound(id: string): DomainError {
  return new DomainError('ENVIRONMENT_NOT_FOUND', {
    detail: `Environment ${id} does not exist.`,
    hint: 'GET /environments lists yours.',
  });
}

/** VALIDATION_FAILED for a single field. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', {
    detail: asSentence(`${path} ${message}`),
    errors: [{ path, message }],
  });
}
