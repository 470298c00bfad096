import { expect, it } from 'vitest';
import { secretTexts } from './secret-values.js';

it('values must be masked whole, by line and as quoted, but for short and ordinary ones', () => {
  const key = `-----BEGIN-----\n${'a'.repeat(64)}\nb`;
  expect(secretTexts(['1', 'production', 's3cr3t-{{"x', key])).toEqual([
    's3cr3t-{{"x',
    's3cr3t-{{\\"x',
    key,
    key.replaceAll('\n', '\\n'),
    'a'.repeat(64),
  ]);
});
