import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { DomainError, type FieldError } from './errors/domain-error.js';

/** Validates requests by their DTO classes; the error names every wrong field, unknown ones included. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => validationFailed(errors.flatMap((error) => flatten(error, ''))),
  });
}

export function validationFailed(errors: FieldError[]): DomainError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new DomainError('VALIDATION_FAILED', {
    detail: `${first?.path ?? 'body'} ${first?.message ?? 'is not valid'}${more}.`,
    errors,
  });
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
