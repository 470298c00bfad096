import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { asSentence } from './errors/as-sentence.js';
import { DomainError, type FieldError } from './errors/domain-error.js';
import { nullErrors } from './null-fields.js';
import { trimTrailing } from './trim-trailing.js';

/** Of any number of faults a client can use the first few. */
const MAX_ERRORS = 50;

/** Validates requests by their DTO classes; the error names the wrong fields, unknown ones and nulls included. */
export function createValidationPipe(): ValidationPipe {
  return new DtoPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => validationFailed(errors.flatMap((error) => flatten(error, ''))),
  });
}

/** class-validator takes a null in an optional field for an absent one, and would ignore what the client meant by it. */
class DtoPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const nulls = metadata.type === 'body' && this.toValidate(metadata) ? nullErrors(value) : [];
    if (nulls.length === 0) return super.transform(value, metadata);
    const others = await super.transform(value, metadata).then(() => [], fieldErrorsOf);
    const named = new Set(others.map(({ path }) => path));
    throw validationFailed([...others, ...nulls.filter(({ path }) => !named.has(path))]);
  }
}

export function validationFailed(errors: FieldError[]): DomainError {
  const [first] = errors;
  const text = `${first?.path ?? 'body'} ${first?.message ?? 'is not valid'}`;
  const others = errors.length - 1;
  return new DomainError('VALIDATION_FAILED', {
    detail: asSentence(others > 0 ? `${trimTrailing(text, '.')} (and ${others} more)` : text),
    errors: errors.slice(0, MAX_ERRORS),
  });
}

function fieldErrorsOf(error: unknown): FieldError[] {
  if (error instanceof DomainError && error.options.errors) return error.options.errors;
  throw error;
}

function flatten(error: ValidationError, parent: string): FieldError[] {
  const path = parent ? `${parent}.${error.property}` : error.property;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path,
    message: messageOf(rule, message, error.property),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, path))];
}

/** Removes the property's name from the start of class-validator's messages, because `path` holds it. */
function messageOf(rule: string, message: string, property: string): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  if (rule === 'unknownValue') return 'must be an object';
  if (rule === 'nestedValidation') return 'must be an object, or an array of objects if the field is a list';
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
