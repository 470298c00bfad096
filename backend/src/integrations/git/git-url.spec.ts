import { describe, expect, it } from 'vitest';
import { isRefName } from './git-ref.js';
import { parseGitUrl, parseStoredGitUrl } from './git-url.js';

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
    [' \thttps://github.com/acme/shop/\r\n', 'https://github.com/acme/shop'],
    ['git clone https://acme@bitbucket.org/acme/shop.git', 'https://bitbucket.org/acme/shop.git'],
    ['https://acme@dev.azure.com/acme/My%20Shop/_git/app', 'https://dev.azure.com/acme/My%20Shop/_git/app'],
    ['https://acme.visualstudio.com/DefaultCollection/Shop/_git/app', undefined],
    ['git@ssh.dev.azure.com:v3/acme/My%20Shop/app', 'git@ssh.dev.azure.com:v3/acme/My%20Shop/app'],
    ['ssh://git@host:2222/v3/acme/My%20Shop/app', 'ssh://git@host:2222/v3/acme/My%20Shop/app'],
    ['acme@vs-ssh.visualstudio.com:v3/acme/Shop/app', undefined],
    ['ssh://git@ssh.github.com:443/acme/shop.git', undefined],
    ['ssh://git@git.example.com:7999/~alice/shop.git', undefined],
    ['https://git.sr.ht/~alice/shop', undefined],
    ['git@git.sr.ht:~alice/shop', undefined],
    ['https://gitlab.com/group/tree/of/shop.git', undefined],
    ['https://gitlab.com/group/src/app', undefined],
    ['https://git.example.com/scm/~alice/shop.git', undefined],
    ['https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop', undefined],
    ['ssh://APKAEXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop', undefined],
    ['https://codeberg.org/acme/shop.git', undefined],
  ])('must be understood: %s', (text, url = text) => {
    expect(parsed(text)).toMatchObject({ url });
  });

  it('may have a user name, which is no secret', () => {
    expect(parseGitUrl('https://alice%40acme.com@host/acme/shop.git')).toEqual({
      ok: true,
      value: { protocol: 'https', host: 'host', port: 443, url: 'https://host/acme/shop.git' },
      username: 'alice@acme.com',
    });
    expect(parseGitUrl('https://host/acme/shop.git')).not.toHaveProperty('username');
  });

  it('of a stored deployment must stay valid, also when it looks like a page', () => {
    expect(parseStoredGitUrl('https://git.example.com/srv/git/tree/main')).toMatchObject({ ok: true });
  });

  it.each([
    ['http://github.com/acme/shop', 'must be https://…, not http://'],
    ['git://github.com/acme/shop', 'must be https://…, not git://'],
    ['github.com/acme/shop', 'as https://github.com/acme/shop'],
    ['127.0.0.1:8443/acme/shop', 'as https://127.0.0.1:8443/acme/shop'],
    ['localhost/acme/shop', 'must begin with https://'],
    ['acme/shop', 'such as https://github.com/acme/shop'],
    ['gitlab:acme/shop', 'https://gitlab.com/acme/shop'],
    ['gh repo clone acme/shop', 'without a command'],
    ['git clone --depth 1 https://host/acme/shop', 'without "git clone" and its options'],
    ['"https://host/acme/shop"', 'without quotation marks'],
    ['<https://host/acme/shop>', 'brackets'],
    ['https://host/acme/My shop', 'write a blank as %20'],
    ['https://host/acme/söp', 'percent-encoded'],
    ['C:\\src\\shop', 'upload the folder'],
    ['./shop', 'upload the folder'],
    ['git+ssh://git@host/acme/shop', 'begin with ssh://'],
    ['github.com:acme/shop.git', 'git@github.com:acme/shop.git'],
    ['git@github.com/acme/shop.git', 'git@github.com:acme/shop.git'],
    ['ssh://git@github.com:acme/shop.git', 'slash after the host'],
    ['https://git@github.com:acme/shop.git', 'slash after the host'],
    ['codecommit::eu-west-1://me@shop', 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop'],
    ['vscode://vscode.git/clone?url=https%3A%2F%2Fhost%2Fa', 'not a link for a program'],
    ['https://ghp_abcdefghijklmnopqrstuvwxyz0123456789@github.com/acme/shop', 'give it in gitAuth.token'],
    ['https://glpat-abc@gitlab.com/acme/shop', 'give it in gitAuth.token'],
  ])('must be told how it is right: %s', (text, problem) => {
    expect(parsed(text)).toContain(problem);
  });

  it.each([
    ['https://github.com/acme/shop/tree/main', 'gitUrl "https://github.com/acme/shop" and branch "main"'],
    ['https://github.com/acme/shop/tree/main/services/api', 'branch "main" and buildContext "services/api"'],
    ['https://me@github.com/acme/shop/blob/main/src/a.ts', 'gitUrl "https://github.com/acme/shop" and branch "main"'],
    ['https://github.com/acme/shop/pull/12/files', 'branch "refs/pull/12/head"'],
    ['https://github.com/acme/shop/releases/tag/v1.2', 'branch "v1.2"'],
    [`https://github.com/acme/shop/commit/${'a'.repeat(40)}`, `commit "${'a'.repeat(40)}"`],
    ['https://github.com/acme/shop/actions', 'send gitUrl "https://github.com/acme/shop"'],
    ['https://github.com/acme/shop?tab=readme-ov-file', 'send gitUrl "https://github.com/acme/shop"'],
    ['https://github.com/acme/shop.git#main:web', 'branch "main" and buildContext "web"'],
    ['https://host/acme/shop.git?ref=v1', 'gitUrl "https://host/acme/shop.git" and branch "v1"'],
    ['https://host/group/sub/shop/-/tree/feature%2Fx?ref_type=heads', 'branch "feature/x"'],
    ['https://host/group/shop/-/merge_requests/7/diffs', 'branch "refs/merge-requests/7/head"'],
    ['https://host/acme/shop/tree/main', 'gitUrl "https://host/acme/shop" and branch "main"'],
    ['https://host:8443/acme/shop/src/branch/main', 'gitUrl "https://host:8443/acme/shop" and branch "main"'],
    ['https://codeberg.org/acme/shop/src/tag/v1/web', 'branch "v1" and buildContext "web"'],
    ['https://bitbucket.org/acme/shop/src/main/', 'gitUrl "https://bitbucket.org/acme/shop" and branch "main"'],
    ['https://git.sr.ht/~alice/shop/tree/main/item/web', 'branch "main" and buildContext "web"'],
    [
      'https://dev.azure.com/acme/My%20Shop/_git/app?path=/web&version=GBmain',
      'gitUrl "https://dev.azure.com/acme/My%20Shop/_git/app" and branch "main"',
    ],
    [
      'https://git.example.com/projects/SHOP/repos/app/browse?at=refs%2Fheads%2Fmain',
      'gitUrl "https://git.example.com/scm/SHOP/app.git" and branch "main"',
    ],
    ['https://git.example.com/users/alice/repos/app/browse', '"https://git.example.com/scm/~alice/app.git"'],
    [
      'https://eu-west-1.console.aws.amazon.com/codesuite/codecommit/repositories/shop/browse?region=eu-west-1',
      '"https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop"',
    ],
  ])('of a page must be told the repository: %s', (text, advice) => {
    expect(parsed(text)).toContain(advice);
  });

  it.each([
    'https://me:s3cret@github.com/acme/shop',
    'https://me:s3cret@github.com/acme/shop/tree/main',
    'ssh://git:s3cret@github.com/acme/shop',
    'git clone https://me:s3cret@github.com/acme/shop',
    'git clone -b x https://me:s3cret@github.com/acme/shop',
    '"https://me:s3cret@github.com/acme/shop',
    'http://me:s3cret@github.com/acme/shop',
    'https://me:s3cret@github.com:acme/shop',
    'me:s3cret@github.com/acme/shop',
    'https://me:s3cret@github.com/acme/a b',
  ])('must not repeat a secret: %s', (text) => {
    expect(parsed(text)).toBeTypeOf('string');
    expect(parsed(text)).not.toContain('s3cret');
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
    'https://:token@github.com/acme/shop.git',
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
    'ssh://git@github.com/acme/%27id%27',
    'ssh://git@github.com/acme/a%60id%60',
    'ssh://git@github.com/acme/%0aid',
    'ssh://git@github.com/acme/%ff',
    '-git@github.com:acme/shop',
    `https://github.com/${'a'.repeat(2048)}`,
  ])('must be refused: %j', (text) => {
    expect(typeof parsed(text), JSON.stringify(parsed(text))).toBe('string');
  });
});

describe('the name of a branch', () => {
  it.each(['main', 'feature/x', 'release-1.2', 'v1.0.0', 'ünïcode', 'a@b', 'refs/heads/main', 'refs/pull/12/head'])(
    'must be taken: %s',
    (name) => {
      expect(isRefName(name)).toBe(true);
    },
  );

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
    'refs/heads/',
    'a\nb',
    'a\u0000',
  ])('must be refused: %j', (name) => {
    expect(isRefName(name)).toBe(false);
  });
});
