import { describe, expect, it } from 'vitest';
import { IgnoreRules } from './ignore-rules.js';

const ignores = (rules: string[], name: string) => IgnoreRules.parse(rules.join('\n')).ignores(name);

/** Facts of moby's own tests: https://github.com/moby/patternmatcher/blob/main/patternmatcher_test.go. */
describe('the rules of a .dockerignore, as moby matches them', () => {
  it.each([
    ['*', 'fileutils.go', true],
    ['*.go', 'fileutils.go', true],
    ['**', 'file', true],
    ['**/', 'file', true],
    ['**', 'dir/file', true],
    ['**/', 'dir/file', true],
    ['**/**', 'dir/file', true],
    ['dir/**', 'dir/file', true],
    ['dir/**', 'dir/dir2/file', true],
    ['**/dir', 'dir', true],
    ['**/dir', 'dir/file', true],
    ['**/dir2/*', 'dir/dir2/file', true],
    ['**/dir2/**', 'dir/dir2/dir3/file', true],
    ['**file', 'file', true],
    ['**file', 'dir/file', true],
    ['**file', 'dir/dir/file', true],
    ['**file', 'myfile', true],
    ['**/file', 'dir/file', true],
    ['**/file', 'dir/dir/file', true],
    ['**/file', 'dir/myfile', false],
    ['**/file*', 'dir/dir/file.txt', true],
    ['**/file*txt', 'dir/dir/file.txt', true],
    ['**/file*.txt*', 'dir/dir/file.txt', true],
    ['**/**/*.txt', 'dir/dir/file.txt', true],
    ['**/**/*.txt2', 'dir/dir/file.txt', false],
    ['**/*.txt', 'file.txt', true],
    ['**/**/*.txt', 'file.txt', true],
    ['a**/*.txt', 'a/file.txt', true],
    ['a**/*.txt', 'a/dir/dir/file.txt', true],
    ['a/*.txt', 'a/dir/file.txt', false],
    ['a/*.txt', 'a/file.txt', true],
    ['a/*.txt**', 'a/file.txt', true],
    ['a[b-d]e', 'ae', false],
    ['a[b-d]e', 'ace', true],
    ['a[b-d]e', 'aae', false],
    ['a[^b-d]e', 'aze', true],
    ['.*', '.foo', true],
    ['.*', 'foo', false],
    ['abc.def', 'abcdef', false],
    ['abc.def', 'abc.def', true],
    ['abc.def', 'abcZdef', false],
    ['abc?def', 'abcZdef', true],
    ['abc?def', 'abcdef', false],
    ['a\\\\', 'a\\', true],
    ['**/foo/bar', 'foo/bar', true],
    ['**/foo/bar', 'dir/dir2/foo/bar', true],
    ['abc/**', 'abc', false],
    ['abc/**', 'abc/def', true],
    ['abc/**', 'abc/def/ghi', true],
    ['**/.foo', '.foo', true],
    ['**/.foo', 'bar.foo', false],
    ['**.foo', 'bar.foo', true],
    ['a(b)c/def', 'a(b)c/def', true],
    ['a(b)c/def', 'a(b)c/xyz', false],
    ['a.|)$(}+{bc', 'a.|)$(}+{bc', true],
    [
      'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl',
      'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl',
      true,
    ],
    ['dist/*.whl', 'dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'ab', false],
    ['abc', 'abc', true],
    ['*c', 'abc', true],
    ['a*', 'a', true],
    ['a*', 'ab/c', true],
    ['a*/b', 'abc/b', true],
    ['a*/b', 'a/c/b', false],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
    ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
    ['a*b*c*d*e*/f', 'axbxcxdxexxx/fff', false],
    ['a*b?c*x', 'abxbbxdbxebxczzx', true],
    ['a*b?c*x', 'abxbbxdbxebxczzy', false],
    ['ab[c]', 'abc', true],
    ['ab[^c]', 'abc', false],
    ['ab[^e-g]', 'abc', true],
    ['a?b', 'a☺b', true],
    ['a?b', 'a😀b', true],
    ['a[^a]b', 'a☺b', true],
    ['a???b', 'a☺b', false],
    ['a[^a][^a][^a]b', 'a☺b', false],
    ['[a-ζ]*', 'α', true],
    ['*[a-ζ]', 'A', false],
    ['a?b', 'a/b', false],
    ['a*b', 'a/b', false],
    ['a[^c]b', 'a/b', true],
    ['[\\]a]', ']', true],
    ['[\\-]', '-', true],
    ['[x\\-]', '-', true],
    ['[x\\-]', 'z', false],
    ['[\\-x]', 'a', false],
    ['*x', 'xxx', true],
    ['a***b', 'axyb', true],
    ['/docs/', 'docs/a', true],
    ['./docs/../src', 'src/a', true],
    ['../docs', 'docs', false],
    ['.', 'a', false],
    ['node_modules', 'web/node_modules/a', false],
    ['node_modules', 'node_modules2/a', false],
  ])('%j must match %j: %j', (pattern, name, matched) => {
    expect(ignores([pattern], name)).toBe(matched);
  });

  it.each([
    [['!fileutils.go', '*.go'], 'fileutils.go', true],
    [['*.go', '!fileutils.go'], 'fileutils.go', false],
    [['docs', '!docs/README.md'], 'docs/README.md', false],
    [['docs/', '!docs/README.md'], 'docs/README.md', false],
    [['docs/*', '!docs/README.md'], 'docs/README.md', false],
    [['**', '!util/docker/web'], 'util/docker/web/foo', false],
    [['**', '!util/docker/web', 'util/docker/web/foo'], 'util/docker/web/foo', true],
    [['**', '!dist/*.whl'], 'dist/a+b.whl', false],
    [['*', '! /src '], 'src/a', false],
    [[], 'any/path', false],
  ])('of %j the last that matches %j must decide: %j', (rules, name, ignored) => {
    expect(ignores(rules, name)).toBe(ignored);
  });

  it('must be read as editors of any system save them', () => {
    for (const text of ['\uFEFF# first\r\nsecret.txt\r\n', '\uFEFFsecret.txt', '  secret.txt\t\n\n'])
      expect(IgnoreRules.parse(text).ignores('secret.txt')).toBe(true);
  });

  it.each(['[', '[^', 'a[', '[^bc', '[]a]', '[-]', '[x-]', '[-x]', '[a-b-c]', 'a\\', '!', '! '])(
    'must be refused where Docker refuses them, naming the rule: %j',
    (pattern) => {
      expect(() => ignores(['ok', pattern], 'a')).toThrow(`The rule ${pattern.trim()} of the .dockerignore`);
    },
  );
});
