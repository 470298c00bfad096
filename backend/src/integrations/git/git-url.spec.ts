import { describe, expect, it } from 'vitest';
import { isRefName } from './git-ref.js';
import { parseGitUrl } from './git-url.js';

const parsed = (text: string) => {
  const outcome = parseGitUrl(text);
  return outcome.ok ? outcome.value : outcome.problem;
};

describe('a git URL', () => {
  it.each([
    ['https://github.com/acme/shop.git', 'https://github.com/acme/shop.git'],
    ['https://GitHub.com/acme/shop', 'https://github.com/acme/shop'],
    ['https://git.example.com:8443/a/b/c.git', 'https://git.example.com:8443/a/b/c.git'],
    ['https://dev.azure.com/org/my%20project/_git/repo', 'https://dev.azure.com/org/my%20project/_git/repo'],
    ['https://github.com/acme/../../etc.git', 'https://github.com/etc.git'],
    ['ssh://git@github.com/acme/shop.git', 'ssh://git@github.com/acme/shop.git'],
    ['ssh://github.com:2222/acme/shop.git', 'ssh://git@github.com:2222/acme/shop.git'],
    ['git@github.com:acme/shop.git', 'git@github.com:acme/shop.git'],
    ['git@host:/srv/shop.git', 'git@host:/srv/shop.git'],
    ['https://[2001:db8::1]/a.git', 'https://[2001:db8::1]/a.git'],
  ])('must be understood: %s', (text, url) => {
    expect(parsed(text)).toMatchObject({ url });
  });

  it('must normalise an address in another notation', () => {
    expect(parsed('https://0x7f.1/a.git')).toMatchObject({ host: '127.0.0.1' });
    expect(parsed('https://2130706433/a.git')).toMatchObject({ host: '127.0.0.1' });
  });

  it.each([
    'http://github.com/acme/shop.git',
    'git://github.com/acme/shop.git',
    'file:///etc/passwd',
    '/srv/git/shop.git',
    '../shop.git',
    'ext::sh -c id',
    '--upload-pack=id',
    '-oProxyCommand=id',
    'https://user:token@github.com/acme/shop.git',
    'https://token@github.com/acme/shop.git',
    'https://github.com/',
    'https:///github.com/acme/shop.git',
    'https:github.com/acme/shop.git',
    'https:/github.com/acme/shop.git',
    'ssh:///github.com/acme/shop.git',
    'https://github.com/acme/shop.git?x=1',
    'https://github.com/acme/shop.git#main',
    'https://github.com/acme/shop git',
    'https://github.com/acme/shop.git\n--config=x',
    'https://github.com\\@evil.example/acme',
    'https://-oProxyCommand=id/x.git',
    'ssh://-oProxyCommand=id/x.git',
    'ssh://git@-oProxyCommand=id/x.git',
    'ssh://git:secret@github.com/acme/shop.git',
    'ssh://git@github.com/$(id).git',
    "ssh://git@github.com/a'b.git",
    'git@github.com:../../etc.git',
    'git@github.com:-x',
    '-git@github.com:acme/shop',
    `https://github.com/${'a'.repeat(2048)}`,
  ])('must be refused: %j', (text) => {
    expect(typeof parsed(text), JSON.stringify(parsed(text))).toBe('string');
  });
});

describe('the name of a branch', () => {
  it.each(['main', 'feature/x', 'release-1.2', 'v1.0.0', 'ünïcode', 'a@b'])('must be taken: %s', (name) => {
    expect(isRefName(name)).toBe(true);
  });

  it.each([
    '',
    '-main',
    '--upload-pack=id',
    'a b',
    'a..b',
    'a:b',
    'a~1',
    'a^',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.',
    'a.lock',
    'a@{1}',
    '@',
    'a\nb',
    'a\u0000',
  ])('must be refused: %j', (name) => {
    expect(isRefName(name)).toBe(false);
  });
});
