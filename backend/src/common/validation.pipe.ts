import { type ArgumentMetadata, type Type, ValidationPipe, type ValidationPipeOptions } from '@nestjs/common';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { asSentence } from './errors/as-sentence.js';
import { DomainError, type FieldError } from './errors/domain-error.js';
import { isMergePatch } from './merge-patch.js';
import { nullErrors, nullsInLists } from './null-fields.js';
import { trimTrailing } from './trim-trailing.js';

/** Of any number of faults a client can use the first few. */
const MAX_ERRORS = 50;

const OPTIONS: ValidationPipeOptions = {
  whitelist: true,
  forbidNonWhitelisted: true,
  transform: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => validationFailed(distinct(errors.flatMap((error) => flatten(error, '')))),
};

/** Validates requests by their DTO classes; the error names the wrong fields, unknown ones and nulls included. */
export function createValidationPipe(): ValidationPipe {
  return new DtoPipe(OPTIONS);
}

/** Validates an object as the body of a request. Throws VALIDATION_FAILED. */
export async function validated<T>(type: Type<T>, body: object): Promise<T> {
  return (await createValidationPipe().transform(body, { type: 'body', metatype: type })) as T;
}

/** Names of the fields that a DTO class accepts. */
export function fieldsOf(type: Type): ReadonlySet<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return new Set(rules.map(({ propertyName }) => propertyName));
}

/** class-validator takes a null in an optional field for an absent one, and would ignore what the client meant by it. */
class DtoPipe extends ValidationPipe {
  /** Of a merge patch only what is given can be wrong. */
  private readonly patches = new ValidationPipe({ ...OPTIONS, skipMissingProperties: true });

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isPatch = isMergePatch(metadata.metatype);
    const nulls =
      metadata.type === 'body' && this.toValidate(metadata) ? (isPatch ? nullsInLists : nullErrors)(value) : [];
    const result = this.converted(value, metadata, isPatch);
    if (nulls.length === 0) return result;
    const others = await result.then(() => [], fieldErrorsOf);
    const named = new Set(others.map(({ path }) => path));
    throw validationFailed([...others, ...nulls.filter(({ path }) => !named.has(path))]);
  }

  /** A merge patch is returned as it was sent: the defaults of the class are no changes. */
  private async converted(value: unknown, metadata: ArgumentMetadata, isPatch: boolean): Promise<unknown> {
    if (!isPatch) return super.transform(value, metadata) as Promise<unknown>;
    await this.patches.transform(value, metadata);
    return value ?? {};
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

/** A DTO that is composed of several, which share a field, has the rules of that field several times. */
function distinct(errors: FieldError[]): FieldError[] {
  return [...new Map(errors.map((error) => [`${error.path} ${error.message}`, error])).values()];
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
