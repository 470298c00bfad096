import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import type { Keyboard } from './update-context.js';

/** Days until the key expires; 0: never. */
export const TTL_DAYS = [7, 30, 0] as const;
export type TtlDays = (typeof TTL_DAYS)[number];

/**
 * The selection for a new key. The callback data of the buttons holds it, so no state is stored; every press is
 * authorized.
 */
export interface KeyDraft {
  scopes: Scope[];
  ttlDays: TtlDays;
}

export type DraftStep = { kind: 'changed' | 'create'; draft: KeyDraft } | { kind: 'cancel' };

export const FIRST_DRAFT: KeyDraft = { scopes: SCOPES.filter((scope) => scope !== 'ADMIN'), ttlDays: 30 };

/** A button per scope and per TTL, then create and cancel. Callback data: `key:{mask}:{ttlDays}:{operation}`. */
export function draftKeyboard(draft: KeyDraft, mayAdmin: boolean): Keyboard {
  const button = (text: string, operation: string) => ({ text, callback_data: `key:${encode(draft)}:${operation}` });
  const scopes = SCOPES.filter((scope) => scope !== 'ADMIN' || mayAdmin).map((scope) => [
    button(`${draft.scopes.includes(scope) ? '☑' : '☐'} ${scope}`, `t${SCOPES.indexOf(scope)}`),
  ]);
  const ttls = TTL_DAYS.map((days) => button(`${draft.ttlDays === days ? '◉' : '○'} ${ttlText(days)}`, `l${days}`));
  return [...scopes, ttls, [button('Create the link', 'go'), button('Cancel', 'no')]];
}

/** Parses callback data of the keyboard; undefined when it is invalid. */
export function readDraft(data: string): DraftStep | undefined {
  const [, mask, days, operation = ''] = /^key:(\d{1,3}):(\d{1,2}):(t\d|l\d{1,2}|go|no)$/.exec(data) ?? [];
  const ttlDays = TTL_DAYS.find((known) => String(known) === days);
  if (mask === undefined || ttlDays === undefined || Number(mask) >= 2 ** SCOPES.length) return undefined;
  const draft: KeyDraft = { scopes: SCOPES.filter((_, index) => (Number(mask) >> index) & 1), ttlDays };
  if (operation === 'no') return { kind: 'cancel' };
  if (operation === 'go') return { kind: 'create', draft };
  if (operation.startsWith('l')) {
    const chosen = TTL_DAYS.find((known) => `l${known}` === operation);
    return chosen === undefined ? undefined : { kind: 'changed', draft: { ...draft, ttlDays: chosen } };
  }
  const scope = SCOPES[Number(operation.slice(1))];
  return scope === undefined
    ? undefined
    : { kind: 'changed', draft: { ...draft, scopes: toggled(draft.scopes, scope) } };
}

export function ttlText(days: TtlDays): string {
  return days === 0 ? 'never expires' : `${days} days`;
}

function toggled(scopes: Scope[], scope: Scope): Scope[] {
  return SCOPES.filter((one) => (one === scope ? !scopes.includes(scope) : scopes.includes(one)));
}

function encode({ scopes, ttlDays }: KeyDraft): string {
  return `${scopes.reduce((mask, scope) => mask | (1 << SCOPES.indexOf(scope)), 0)}:${ttlDays}`;
}
