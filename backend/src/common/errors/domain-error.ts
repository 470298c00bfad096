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

/** A single wrong field, in the shape of a failed validation. */
export function invalidField(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { detail: `${path} ${message}.`, errors: [{ path, message }] });
}
