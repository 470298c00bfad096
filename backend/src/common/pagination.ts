import { invalidField } from './errors/domain-error.js';

export interface Position {
  createdAt: Date;
  id: string;
}

/** Keyset pagination, newest first by (createdAt, id): inserts while a client pages neither repeat nor skip items. */
export interface Page {
  limit: number;
  after: Position | undefined;
}

export function pageOf({ limit = 50, cursor }: { limit?: number; cursor?: string }): Page {
  return { limit, after: cursor === undefined ? undefined : decode(cursor) };
}

/** The where clause of the items after the cursor. */
export function afterPosition(after: Position | undefined): object {
  if (!after) return {};
  return { OR: [{ createdAt: { lt: after.createdAt } }, { createdAt: after.createdAt, id: { lt: after.id } }] };
}

export const NEWEST_FIRST = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];

/** Cuts a page from `rows`, which hold one more than the limit when there is another page. */
export function cut<T extends Position>(rows: T[], limit: number): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? encode(last) : null };
}

function encode({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

function decode(cursor: string): Position {
  const [, time, id] = /^(\d{1,15})\.([a-z0-9]{1,40})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (!time || !id) throw invalidField('cursor', 'must be a nextCursor of this list');
  return { createdAt: new Date(Number(time)), id };
}
