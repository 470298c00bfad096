import type { FieldError } from './errors/domain-error.js';

const NULLABLE = new Set<string>();

/** Marks a field of a request in which null has a meaning; everywhere else null is refused. */
export function Nullable(): PropertyDecorator {
  return (_target, field) => void NULLABLE.add(String(field));
}

/** Every null of a body that has no meaning. The body is within REQUEST_LIMITS. */
export function nullErrors(value: unknown, path: string[] = []): FieldError[] {
  if (value === null) return [{ path: path.join('.') || 'body', message: 'must not be null: leave it out' }];
  if (typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]) =>
    entry === null && NULLABLE.has(key) ? [] : nullErrors(entry, [...path, key]),
  );
}
