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

/** As `nullErrors`, for a merge patch: null removes a member of an object, but lists are replaced as a whole. */
export function nullsInLists(value: unknown, path: string[] = []): FieldError[] {
  if (Array.isArray(value)) return nullErrors(value, path);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]) => nullsInLists(entry, [...path, key]));
}
