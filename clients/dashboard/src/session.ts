import { computed, signal } from '@preact/signals';
import type { Me, Scope } from '../../typescript/src/index.js';

/** Also the name under which the page of a magic link hands its key over. Of this tab only, and gone with it. */
const STORAGE_KEY = 'berth.key';

export const key = signal(sessionStorage.getItem(STORAGE_KEY) ?? '');
export const me = signal<Me | undefined>(undefined);
/** Why the user must log in again. */
export const loggedOutBecause = signal('');

export const isAdmin = computed(() => me.value?.key.scopes.includes('ADMIN') ?? false);

export function may(scope: Scope): boolean {
  return isAdmin.value || (me.value?.key.scopes.includes(scope) ?? false);
}

export function logIn(value: string, owner: Me): void {
  sessionStorage.setItem(STORAGE_KEY, value);
  loggedOutBecause.value = '';
  me.value = owner;
  key.value = value;
}

export function logOut(reason = ''): void {
  sessionStorage.removeItem(STORAGE_KEY);
  loggedOutBecause.value = reason;
  me.value = undefined;
  key.value = '';
}
