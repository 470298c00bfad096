import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '#src/common/merge-patch.js';
import { filesByPath } from './merged-files.js';
import type { StoredRequest } from './stored-request.js';

/** `REMOVED`: the default applies. */
export type ChangeKind = 'ADDED' | 'CHANGED' | 'REMOVED';

export interface FieldChange {
  /** dotted path in the body: `envVars.LOG_LEVEL`, `replicas` */
  path: string;
  change: ChangeKind;
  /** absent for a field that keeps a secret */
  from?: unknown;
  to?: unknown;
}

/** Of the paths that an audit event names. */
const MAX_AUDITED = 50;

/** The detail of an audit event: names only. */
export function auditedChanges(changes: FieldChange[]): { changes: string[] } {
  return { changes: changes.map(({ path }) => path).slice(0, MAX_AUDITED) };
}

/** What differs between the request of a release and that of the next one. Secret fields: names only. */
export function fieldChanges({ shown, secret, secretNames }: StoredRequest, after: JsonObject): FieldChange[] {
  const [before, later] = [{ ...shown, ...secret }, after].map(withFilesByPath);
  return differences(before ?? {}, later ?? {}).map((difference) => {
    const { path, change } = difference;
    return secretNames.includes(path.split('.')[0] ?? '') ? { path, change } : difference;
  });
}

function withFilesByPath(request: JsonObject): JsonObject {
  const files = filesByPath(request['files']);
  return files ? { ...request, files } : request;
}

function differences(before: JsonObject, after: JsonObject, parents: string[] = []): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name): FieldChange[] => {
    const [from, to, at] = [before[name], after[name], [...parents, name]];
    if (isDeepStrictEqual(from, to)) return [];
    if (isJsonObject(from ?? {}) && isJsonObject(to ?? {}))
      return differences((from ?? {}) as JsonObject, (to ?? {}) as JsonObject, at);
    const path = at.join('.');
    if (from === undefined) return [{ path, change: 'ADDED', to }];
    return to === undefined ? [{ path, change: 'REMOVED', from }] : [{ path, change: 'CHANGED', from, to }];
  });
}
