import type { FieldError } from './errors/domain-error.js';

/**
 * Names that every object inherits, and `prototype`. Validators that look a name up in a plain object find something
 * under them, and drop the field without a word.
 */
const RESERVED: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);
const MAX_SHOWN_NAME = 100;

/** The first text or name of a body or query that no field accepts. The value is within REQUEST_LIMITS. */
export function faultOf(value: unknown, path: string[] = []): FieldError | undefined {
  if (typeof value === 'string') return faultAt(path, textProblem(value));
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, entry] of Object.entries(value) as [string, unknown][]) {
    const at = [...path, shown(name)];
    const fault = faultAt(at, nameProblem(name)) ?? faultOf(entry, at);
    if (fault) return fault;
  }
  return undefined;
}

function faultAt(path: string[], message: string | undefined): FieldError | undefined {
  return message === undefined ? undefined : { path: path.join('.') || 'body', message };
}

function nameProblem(name: string): string | undefined {
  if (RESERVED.has(name)) return 'is not an allowed name';
  const problem = textProblem(name);
  return problem && `has a name that ${problem}`;
}

/** PostgreSQL stores no NUL, and nothing encodes half a surrogate pair. */
function textProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain NUL';
  return text.isWellFormed() ? undefined : 'must be valid Unicode: it has half a surrogate pair';
}

function shown(name: string): string {
  return name.slice(0, MAX_SHOWN_NAME).replaceAll('\0', '').toWellFormed();
}
