import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import { KEY_NAME } from '#src/modules/auth/key-bounds.js';
import type { Keyboard } from './update-context.js';

/** Days until the key expires; 0: never. */
export const TTL_DAYS = [7, 30, 0] as const;
export type TtlDays = (typeof TTL_DAYS)[number];

/** The callback data of a button has at most 64 bytes, and the name is a part of it. */
export const MAX_DRAFT_NAME = 20;
const MAX_ENVIRONMENTS = 20;
const FIELDS =
  /^key:(?<mask>\d{1,3}):(?<days>\d{1,2}):(?<environmentId>[a-z0-9]{0,25}):(?<operation>t\d|l\d{1,2}|e[a-z0-9]{0,25}|go|no):(?<name>.*)$/;
/** Buttons of messages that an earlier version sent. */
const EARLIER_FIELDS = /^key:(?<mask>\d{1,3}):(?<days>\d{1,2}):(?<operation>t\d|l\d{1,2}|go|no)$/;

/**
 * The selection for a new key. The callback data of the buttons holds it, so no state is stored; every press is
 * authorized.
 */
export interface KeyDraft {
  scopes: Scope[];
  ttlDays: TtlDays;
  /** The environment that the key is bound to; null: all of the user's. */
  environmentId: string | null;
  /** Empty: the key has no name. */
  name: string;
}

export type DraftStep = { kind: 'changed' | 'create'; draft: KeyDraft } | { kind: 'cancel' };

export const FIRST_DRAFT: KeyDraft = {
  scopes: SCOPES.filter((scope) => scope !== 'ADMIN'),
  ttlDays: 30,
  environmentId: null,
  name: '',
};

export function isDraftName(text: string): boolean {
  return text === '' || (text.length <= MAX_DRAFT_NAME && KEY_NAME.test(text));
}

/**
 * A button per scope, per TTL and per environment, then create and cancel. Callback data:
 * `key:{mask}:{ttlDays}:{environmentId}:{operation}:{name}`.
 */
export function draftKeyboard(
  draft: KeyDraft,
  mayAdmin: boolean,
  environments: { id: string; name: string }[],
): Keyboard {
  const button = (text: string, operation: string) => ({ text, callback_data: encode(draft, operation) });
  const scopes = SCOPES.filter((scope) => scope !== 'ADMIN' || mayAdmin).map((scope) => [
    button(`${draft.scopes.includes(scope) ? '☑' : '☐'} ${scope}`, `t${SCOPES.indexOf(scope)}`),
  ]);
  const ttls = TTL_DAYS.map((days) => button(`${draft.ttlDays === days ? '◉' : '○'} ${ttlText(days)}`, `l${days}`));
  const places = [{ id: '', name: 'all environments' }, ...environments.slice(0, MAX_ENVIRONMENTS)].map(
    ({ id, name }) => [button(`${(draft.environmentId ?? '') === id ? '◉' : '○'} ${name}`, `e${id}`)],
  );
  const environmentRows = environments.length === 0 ? [] : places;
  return [...scopes, ttls, ...environmentRows, [button('Create the link', 'go'), button('Cancel', 'no')]];
}

/** Parses callback data of the keyboard, also of an earlier version's; undefined when it is invalid. */
export function readDraft(data: string): DraftStep | undefined {
  const fields = (FIELDS.exec(data) ?? EARLIER_FIELDS.exec(data))?.groups;
  const { mask, days, environmentId = '', operation = '', name = '' } = fields ?? {};
  const ttlDays = TTL_DAYS.find((known) => String(known) === days);
  if (mask === undefined || ttlDays === undefined || Number(mask) >= 2 ** SCOPES.length) return undefined;
  if (!isDraftName(name)) return undefined;
  const scopes = SCOPES.filter((_, index) => (Number(mask) >> index) & 1);
  const draft: KeyDraft = { scopes, ttlDays, environmentId: environmentId || null, name };
  if (operation === 'no') return { kind: 'cancel' };
  if (operation === 'go') return { kind: 'create', draft };
  return changedDraft(draft, operation);
}

export function ttlText(days: TtlDays): string {
  return days === 0 ? 'never expires' : `${days} days`;
}

function changedDraft(draft: KeyDraft, operation: string): DraftStep | undefined {
  const value = operation.slice(1);
  if (operation.startsWith('e')) return { kind: 'changed', draft: { ...draft, environmentId: value || null } };
  if (operation.startsWith('l')) {
    const ttlDays = TTL_DAYS.find((known) => String(known) === value);
    return ttlDays === undefined ? undefined : { kind: 'changed', draft: { ...draft, ttlDays } };
  }
  const scope = SCOPES[Number(value)];
  return scope && { kind: 'changed', draft: { ...draft, scopes: toggled(draft.scopes, scope) } };
}

function toggled(scopes: Scope[], scope: Scope): Scope[] {
  return SCOPES.filter((one) => (one === scope ? !scopes.includes(scope) : scopes.includes(one)));
}

function encode({ scopes, ttlDays, environmentId, name }: KeyDraft, operation: string): string {
  const mask = scopes.reduce((bits, scope) => bits | (1 << SCOPES.indexOf(scope)), 0);
  // The button of an environment replaces the chosen one, and two ids would be too long.
  const chosen = operation.startsWith('e') ? '' : (environmentId ?? '');
  return `key:${mask}:${ttlDays}:${chosen}:${operation}:${name}`;
}
