import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import type { Keyboard } from './update-context.js';

/** Days until the key expires; 0: never. */
export const LIVES = [7, 30, 0] as const;
export type Life = (typeof LIVES)[number];

/** What is being ticked. It stands in the buttons themselves, so that nothing has to be remembered; who presses is checked each time. */
export interface KeyDraft {
  scopes: Scope[];
  life: Life;
}

export type DraftStep = { kind: 'changed' | 'create'; draft: KeyDraft } | { kind: 'cancel' };

export const FIRST_DRAFT: KeyDraft = { scopes: SCOPES.filter((scope) => scope !== 'ADMIN'), life: 30 };

/** One button a scope, one a life, and an end. `key:{mask}:{life}:{operation}` */
export function draftKeyboard(draft: KeyDraft, mayAdmin: boolean): Keyboard {
  const button = (text: string, operation: string) => ({ text, callback_data: `key:${encode(draft)}:${operation}` });
  const scopes = SCOPES.filter((scope) => scope !== 'ADMIN' || mayAdmin).map((scope) => [
    button(`${draft.scopes.includes(scope) ? '☑' : '☐'} ${scope}`, `t${SCOPES.indexOf(scope)}`),
  ]);
  const lives = LIVES.map((life) => button(`${draft.life === life ? '◉' : '○'} ${lifeText(life)}`, `l${life}`));
  return [...scopes, lives, [button('Create the link', 'go'), button('Cancel', 'no')]];
}

/** What a button of the keyboard means; undefined for what is none of ours. */
export function readDraft(data: string): DraftStep | undefined {
  const [, mask, days, operation = ''] = /^key:(\d{1,3}):(\d{1,2}):(t\d|l\d{1,2}|go|no)$/.exec(data) ?? [];
  const life = LIVES.find((known) => String(known) === days);
  if (mask === undefined || life === undefined || Number(mask) >= 2 ** SCOPES.length) return undefined;
  const draft: KeyDraft = { scopes: SCOPES.filter((_, index) => (Number(mask) >> index) & 1), life };
  if (operation === 'no') return { kind: 'cancel' };
  if (operation === 'go') return { kind: 'create', draft };
  if (operation.startsWith('l')) {
    const chosen = LIVES.find((known) => `l${known}` === operation);
    return chosen === undefined ? undefined : { kind: 'changed', draft: { ...draft, life: chosen } };
  }
  const scope = SCOPES[Number(operation.slice(1))];
  return scope === undefined
    ? undefined
    : { kind: 'changed', draft: { ...draft, scopes: toggled(draft.scopes, scope) } };
}

export function lifeText(life: Life): string {
  return life === 0 ? 'never expires' : `${life} days`;
}

function toggled(scopes: Scope[], scope: Scope): Scope[] {
  return SCOPES.filter((one) => (one === scope ? !scopes.includes(scope) : scopes.includes(one)));
}

function encode({ scopes, life }: KeyDraft): string {
  return `${scopes.reduce((mask, scope) => mask | (1 << SCOPES.indexOf(scope)), 0)}:${life}`;
}
