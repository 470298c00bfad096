import type { Operation } from './openapi.js';

export const UNKNOWN_ID = 'cl0000000000000000000000x';

const object = (entries: string[]) => `{${entries.join(',')}}`;
export const manyNames = (count: number, value: string) =>
  object(Array.from({ length: count }, (_, index) => `"name${index}":${value}`));

/** Bodies that no route accepts, whatever its fields are. */
export const HOSTILE_BODIES: Record<string, string> = {
  '25,000 unknown names': manyNames(25_000, '1'),
  '60,000 unknown names': manyNames(60_000, '"x"'),
  '5,000 levels of lists': `{"name":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  '100,000 levels of objects': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'a list of 330,000 elements': `{"ports":[${'1,'.repeat(330_000)}1]}`,
  'lists of lists': `{"ports":[${`[${'1,'.repeat(900)}1],`.repeat(500)}1]}`,
  'a text of 1 MB': `{"surprise":"${'x'.repeat(1_000_000)}"}`,
  'a name of 1 MB': `{"${'x'.repeat(1_000_000)}":1}`,
  'escapes of 1 MB': `{"surprise":"${'\\u0041'.repeat(160_000)}"}`,
  NUL: '{"surprise":"a\\u0000b"}',
  'NUL in a name': '{"a\\u0000":1}',
  'half a surrogate pair': '{"surprise":"\\ud800"}',
  'half a surrogate pair in a name': '{"\\udfff":1}',
  __proto__: '{"__proto__":{"isAdmin":true}}',
  constructor: '{"constructor":{"prototype":{"isAdmin":true}}}',
  prototype: '{"prototype":1}',
  toString: '{"toString":1}',
  hasOwnProperty: '{"hasOwnProperty":1}',
  'no end': `{"a":${'['.repeat(400_000)}`,
  'no JSON': '{"a":',
  '2 MB': `{"surprise":"${'x'.repeat(2_000_000)}"}`,
};

export const HOSTILE_QUERIES: Record<string, string> = {
  '5,000 names': Array.from({ length: 5000 }, (_, index) => index.toString(36))
    .join('&')
    .slice(0, 15_000),
  '20 KB': `a=${'x'.repeat(20_000)}`,
  'names in names': `a${'[a]'.repeat(1000)}=1&${'b[]=1&'.repeat(500)}`,
  NUL: 'limit=%00',
  __proto__: '__proto__[isAdmin]=1&__proto__=1',
  constructor: 'constructor=1',
};

export const HOSTILE_PATHS = ['%', '%zz', '%ff', '%E0%A4%A', '%00', '%2e%2e%2f'.repeat(500)];

export function pathOf({ path }: Operation, value = UNKNOWN_ID): string {
  return path.replace(/\{\w+\}/g, () => value);
}
