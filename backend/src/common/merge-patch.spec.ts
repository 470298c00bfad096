import { describe, expect, it } from 'vitest';
import { type JsonObject, mergePatch } from './merge-patch.js';

/** The test cases of RFC 7396, appendix A, whose patch is an object. */
const CASES: [target: unknown, patch: JsonObject, result: unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe('a merge patch', () => {
  it.each(CASES)('must turn %j by %j into %j', (target, patch, result) => {
    const before = structuredClone(target);
    expect(mergePatch(target, patch)).toEqual(result);
    expect(target).toEqual(before);
  });

  it('must take the names of an object’s prototype for names', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":1},"constructor":"x"}') as JsonObject);
    expect(Object.keys(merged)).toEqual(['__proto__', 'constructor']);
    expect(({} as JsonObject)['polluted']).toBeUndefined();
  });
});
