import { describe, expect, it } from 'vitest';
import { type Caller, mayAccess, ownedBy, refuseBoundKey } from '#src/common/decorators/caller.js';
import { boundsOfNewKey, type KeyBounds, knowsKey, KEY_NAME, type WantedBounds } from './key-bounds.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const SOON = new Date('2026-02-01T00:00:00Z');
const LATER = new Date('2026-03-01T00:00:00Z');
const UNBOUND: KeyBounds = { scopes: ['LOGS_READ'], environmentIds: [], expiresAt: null, allowAddresses: [] };
const BOUND: KeyBounds = {
  scopes: ['LOGS_READ'],
  environmentIds: ['one'],
  expiresAt: SOON,
  allowAddresses: ['203.0.113.0/24', '2001:db8::/32'],
};
const callerWith = ({ scopes, environmentIds, expiresAt }: KeyBounds): Caller => ({
  userId: 'u',
  keyId: 'k',
  scopes,
  isAdmin: scopes.includes('ADMIN'),
  expiresAt,
  environmentIds: environmentIds.length > 0 ? environmentIds : null,
  origin: { via: 'API' },
});
const made = (maker: KeyBounds, wanted: Partial<WantedBounds>) =>
  boundsOfNewKey(callerWith(maker), maker, { scopes: ['LOGS_READ'], ...wanted }, NOW);

describe('the bounds of a new key', () => {
  it('must be those of its maker where nothing is asked for', () => {
    expect(made(BOUND, {})).toEqual(BOUND);
    expect(made(UNBOUND, {})).toEqual(UNBOUND);
  });

  it('must be narrower where that is asked for', () => {
    const wanted = { environmentIds: ['one'], expiresAt: SOON, allowAddresses: ['203.0.113.7'] };
    expect(made(UNBOUND, wanted)).toEqual({ scopes: ['LOGS_READ'], ...wanted });
    expect(made(BOUND, wanted)).toEqual({ scopes: ['LOGS_READ'], ...wanted });
  });

  it('must not be wider', () => {
    const refusal = (wanted: Partial<WantedBounds>) => {
      try {
        return made(BOUND, wanted);
      } catch (error) {
        const { code, options } = error as { code: string; options: { errors?: { path: string }[] } };
        return options.errors?.[0]?.path ?? code;
      }
    };
    expect(refusal({ scopes: ['LOGS_READ', 'DEPLOYMENTS_READ'] })).toBe('INSUFFICIENT_SCOPE');
    expect(refusal({ expiresAt: LATER })).toBe('expiresAt');
    expect(refusal({ allowAddresses: ['203.0.113.7', '198.51.100.1'] })).toBe('allowAddresses.1');
    expect(refusal({ allowAddresses: ['0.0.0.0/0'] })).toBe('allowAddresses.0');
  });

  it('must end in the future, within a hundred years', () => {
    expect(() => made(UNBOUND, { expiresAt: NOW })).toThrow('expiresAt must be in the future');
    expect(() => made(UNBOUND, { expiresAt: new Date('2127-01-01') })).toThrow('must be within 100 years');
  });
});

describe('a bound key', () => {
  const caller = callerWith({ ...BOUND, environmentIds: ['one', 'two'] });

  it('must know itself, and keys that are bound to some of its environments', () => {
    const known = (keyId: string, environmentIds: string[]) => knowsKey(caller, { keyId, environmentIds });
    expect([known('k', []), known('x', ['two']), known('x', ['one', 'two'])]).toEqual([true, true, true]);
    expect([known('x', []), known('x', ['three']), known('x', ['one', 'three'])]).toEqual([false, false, false]);
    expect(knowsKey(callerWith(UNBOUND), { keyId: 'x', environmentIds: [] })).toBe(true);
  });

  it('must access its environments of its user only, even with ADMIN', () => {
    expect(ownedBy(caller)).toEqual({ AND: [{ userId: 'u' }, { id: { in: ['one', 'two'] } }] });
    expect(ownedBy(callerWith(UNBOUND))).toEqual({ AND: [{ userId: 'u' }] });
    expect(ownedBy(callerWith({ ...UNBOUND, scopes: ['ADMIN'] }))).toEqual({ AND: [] });
    const access = (id: string, userId = 'u') => mayAccess(caller, { id, userId });
    expect([access('one'), access('three'), access('one', 'v')]).toEqual([true, false, false]);
    expect(mayAccess({ ...caller, isAdmin: true }, { id: 'three', userId: 'v' })).toBe(false);
    expect(mayAccess(callerWith(UNBOUND), { id: 'three', userId: 'u' })).toBe(true);
  });

  it('must create no environment', () => {
    expect(() => refuseBoundKey(caller)).toThrow('creates none');
    expect(() => refuseBoundKey(callerWith(UNBOUND))).not.toThrow();
  });
});

it.each(['ci', 'GitHub Actions', 'a', 'repo/web@main', 'x'.repeat(64)])('a key may be named %s', (name) =>
  expect(KEY_NAME.test(name)).toBe(true),
);
it.each(['', ' a', 'a ', '-a', 'ä', 'a\tb', 'a:b', '<b>', 'x'.repeat(65)])('a key may not be named %j', (name) =>
  expect(KEY_NAME.test(name)).toBe(false),
);
