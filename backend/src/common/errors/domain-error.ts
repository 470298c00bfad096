import type { ApiErrorCode } from './error-registry.js';

export interface FieldError {
  /** dotted path into the body, `ports.0.container`, or the parameter's name */
  path: string;
  message: string;
}

export interface DomainErrorOptions {
  /** Public sentence: never a secret, SQL or a path of the host. */
  detail: string;
  hint?: string;
  errors?: FieldError[];
  required?: string[];
  /** Instead of the registry's. */
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** What services throw. The registry gives the status; the filter turns it into problem+json. */
export class DomainError extends Error {
  constructor(
    readonly code: ApiErrorCode,
    readonly options: DomainErrorOptions,
  ) {
    super(options.detail, { cause: options.cause });
  }
}

/** One identical refusal for a key that is missing, malformed, unknown, wrong, revoked or expired. */
export function unauthenticated(): DomainError {
  return new DomainError('UNAUTHENTICATED', {
    detail: 'A valid API key is needed.',
    hint: 'Send it in the header X-API-Key.',
  });
}

/** A single wrong field, in the shape of a failed validation. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}
