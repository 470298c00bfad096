/** Values that no field takes, or that must at least do no harm: wrong types, extremes, and fragments of what they might end up in. */
export const HOSTILE: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  '\0',
  '\u0007\u001b[31m',
  '\u202Egnp.exe',
  'ünïcödé ☃ 𝔘',
  '\ud800',
  'x'.repeat(10_000),
  '; rm -rf / #',
  '$(touch /tmp/pwned)',
  '`id`',
  "' OR 1=1 --",
  '"; DROP TABLE "Deployment"; --',
  '../../../../etc/passwd',
  '/var/run/docker.sock',
  '%00%2e%2e%2f',
  '\r\nX-Injected: yes',
  '{{7*7}}${7*7}',
  '__proto__',
  [],
  [null],
  [[[[]]]],
  {},
  { $ne: null },
  JSON.parse('{"__proto__":{"isAdmin":true}}'),
  { constructor: { prototype: { isAdmin: true } } },
  { toString: 1, length: -1 },
];

/** The same as they stand in a path or a query. */
export const HOSTILE_TEXT = [
  ...HOSTILE.filter((value): value is string => typeof value === 'string' && value !== '' && value.length < 5000),
  'null',
  'undefined',
  'NaN',
  '-1',
  '0',
  '1e9',
  '[object Object]',
  'x'.repeat(3000),
];

/** encodeURIComponent refuses half a surrogate pair. */
export function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
