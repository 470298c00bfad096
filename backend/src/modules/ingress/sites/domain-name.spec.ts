import { describe, expect, it } from 'vitest';
import { parseDomainName } from './domain-name.js';

describe('a public name', () => {
  it.each([
    ['example.com', 'example.com'],
    ['Shop.EXAMPLE.com.', 'shop.example.com'],
    ['a-b.c1.example', 'a-b.c1.example'],
    ['münchen.example', 'xn--mnchen-3ya.example'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah'],
    ['xn--mnchen-3ya.example', 'xn--mnchen-3ya.example'],
    ['1.example', '1.example'],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ])('must be kept in lower-case punycode: %s', (text, domain) => {
    expect(parseDomainName(text)).toBe(domain);
  });

  it.each([
    '',
    ' ',
    '.',
    '..',
    'example',
    'localhost',
    'shop.localhost',
    'printer.local',
    '*.example.com',
    'a..b.example',
    '.example.com',
    'example.com..',
    '-a.example',
    'a-.example',
    'a_b.example',
    'example.com:80',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    '127.0.0.1',
    '0x7f.1',
    '127.1',
    '1.2.3.4.',
    '[::1]',
    '::1',
    'ex%41mple.com',
    'example.com\n',
    'example.com;}',
    'a b.example',
    'example.com\u0000',
    'exa\u3002mple.com',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(125)}example`,
    'example.123',
    '{{domain}}.example',
    '$host.example',
  ])('must be refused: %j', (text) => {
    expect(parseDomainName(text)).toBeUndefined();
  });
});
