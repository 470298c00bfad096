import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { DomainError, type FieldError } from './errors/domain-error.js';

/** DTO classes are the one source of what is valid; every wrong field is named, unknown ones included. */
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
    message: readable(rule, message, error.property),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => flatten(child, path))];
}

/** class-validator begins its sentences with the property's name, which `path` says already. */
function readable(rule: string, message: string, property: string): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  if (rule === 'unknownValue') return 'must be an object';
  if (rule === 'nestedValidation') return 'must be an object, or an array of objects where a list is asked for';
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
