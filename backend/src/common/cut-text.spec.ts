import { describe, expect, it } from 'vitest';
import { charactersOf, cutText, shorten } from './cut-text.js';

describe('a cut', () => {
  it.each([
    ['plain', 3, 'pla'],
    ['plain', 5, 'plain'],
    ['a😀b', 2, 'a'],
    ['a😀b', 3, 'a😀'],
    ['ab👩‍👩‍👧‍👦c', 6, 'ab'],
    ['abe\u0301', 3, 'ab'],
    ['ab🇩🇪', 4, 'ab'],
    ['', 0, ''],
    ['a', 0, ''],
    ['😀', 1, ''],
  ])('must never divide a character: %j to %i', (text, length, expected) => {
    expect(cutText(text, length)).toBe(expected);
  });

  it('must be bounded where one letter has thousands of marks', () => {
    const stacked = `a${'\u0301'.repeat(5000)}`;
    expect(cutText(stacked, 1000)).toHaveLength(1000);
    expect(charactersOf(stacked)).toHaveLength(5001);
  });

  it('must be told', () => {
    expect(shorten('abcdef', 4)).toBe('abc…');
    expect(shorten('abcd', 4)).toBe('abcd');
    expect(shorten('ab😀😀', 4)).toBe('ab…');
  });

  it('must be well-formed at every length of any text', () => {
    const text = 'x😀e\u0301👩‍👩‍👧‍👦🇩🇪\r\nक्षि'.repeat(20);
    for (let length = 0; length <= text.length; length++) {
      const cut = cutText(text, length);
      expect(cut.length).toBeLessThanOrEqual(length);
      expect(cut.isWellFormed() && text.startsWith(cut)).toBe(true);
    }
  });
});
