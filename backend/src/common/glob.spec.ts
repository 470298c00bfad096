import { describe, expect, it } from 'vitest';
import { matchesGlob, parseGlob } from './glob.js';

const SLOW_MS = 200;

describe('a glob', () => {
  it.each([
    ['services/api/**', 'services/api/new.ts', true],
    ['services/api/**', 'services/api/deep/new.ts', true],
    ['services/api/**', 'services/web/new.ts', false],
    ['*.md', 'README.md', true],
    ['*.md', 'docs/README.md', false],
    ['**/*.md', 'docs/a/README.md', true],
    ['**/*.md', 'README.md', true],
    ['**/*.md', 'README.mdx', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b', 'a/x/y/b', true],
    ['a/**/b', 'a/xb', false],
    ['a/**/**/b', 'a/x/b', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a?c', 'a😀c', true],
    ['**', 'a/b/.c', true],
    ['*', '.env', true],
    ['app/(group)/*', 'app/(group)/x', true],
    ['', 'a', false],
    ['[a]', '[a]', true],
  ])('%j must match %j: %j', (glob, name, matched) => {
    expect(matchesGlob(parseGlob(glob), name)).toBe(matched);
  });

  it.each([
    ['*a'.repeat(60) + 'b', 'a'.repeat(1000)],
    ['**/a'.repeat(30) + 'b', 'a/'.repeat(500)],
    ['**a'.repeat(40) + 'b', 'a'.repeat(1000)],
    ['?*'.repeat(60) + 'b', 'a'.repeat(1000)],
    ['{a,b}'.repeat(18), 'ab'.repeat(500)],
  ])('must take linear time: %s', (glob, name) => {
    const began = process.cpuUsage();
    expect(matchesGlob(parseGlob(glob), name)).toBe(false);
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(SLOW_MS);
  });
});
