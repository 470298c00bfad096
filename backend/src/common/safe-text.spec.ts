import { describe, expect, it } from 'vitest';
import { redact, safeText } from './safe-text.js';

describe('text from outside', () => {
  it.each([
    ['plain\ttext\nof two lines', 'plain\ttext\nof two lines'],
    ['a\0b\u0007\u009b\r\n', 'ab\n'],
    ['\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x \u001b', 'red x '],
    ['half \ud83d', 'half \ufffd'],
    ['ünï 😀', 'ünï 😀'],
  ])('must be safe to store and to show: %j', (text, safe) => {
    expect(safeText(text)).toBe(safe);
  });

  it('must be bounded, whole characters only, in linear time', () => {
    expect(safeText('x'.repeat(5000))).toHaveLength(2000);
    expect(safeText('😀'.repeat(100), { maxLength: 3 })).toBe('😀');
    const began = performance.now();
    for (const text of ['\u001b['.repeat(500_000), '\u001b]'.repeat(500_000), '\u001b[0;'.repeat(200_000)])
      safeText(text, { maxLength: 1_000_000 });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('must hold no secret, nor the part of one that a cut leaves', () => {
    expect(safeText('user:s3cret@host s3cret', { secrets: ['s3cret', ''] })).toBe('user:***@host ***');
    expect(redact('abcdef abc', ['abc', 'abcdef'])).toBe('*** ***');
    for (let before = 0; before < 40; before++) {
      const text = `${'s3cret'.repeat(5)}${'x'.repeat(before)}s3cret${'y'.repeat(100)}`;
      for (let maxLength = 1; maxLength < 60; maxLength++)
        expect(safeText(text, { maxLength, secrets: ['s3cret'] })).not.toMatch(/s3/);
    }
  });
});
