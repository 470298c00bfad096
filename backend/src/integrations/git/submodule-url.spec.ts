import { describe, expect, it } from 'vitest';
import { parseGitmodules } from './git-submodules.js';
import { type GitUrl, parseStoredGitUrl } from './git-url.js';
import { submoduleUrls } from './submodule-url.js';

function urlOf(text: string): GitUrl {
  const parsed = parseStoredGitUrl(text);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

function urlsOf(text: string, root: string, parent = root): string[] | string {
  const found = submoduleUrls(text, urlOf(parent), urlOf(root));
  return found.ok ? found.urls.map(({ url }) => url) : found.problem;
}

const HTTPS = 'https://git.example.com:8443/acme/shop.git';
const SSH = 'ssh://git@git.example.com:2222/acme/shop.git';
const SCP = 'git@git.example.com:acme/shop.git';

describe('the address of a submodule', () => {
  it.each([
    ['../theme.git', HTTPS, ['https://git.example.com:8443/acme/theme.git']],
    ['./theme', HTTPS, ['https://git.example.com:8443/acme/shop.git/theme']],
    ['../../other/theme.git', HTTPS, ['https://git.example.com:8443/other/theme.git']],
    ['git@git.example.com:acme/theme.git', HTTPS, ['https://git.example.com:8443/acme/theme.git']],
    ['ssh://git@git.example.com:2222/acme/theme.git', HTTPS, ['https://git.example.com:8443/acme/theme.git']],
    ['http://git.example.com/acme/theme.git', HTTPS, ['https://git.example.com/acme/theme.git']],
    ['https://git.example.com:8443/acme/theme.git', HTTPS, [HTTPS.replace('shop', 'theme')]],
    [
      'git@ssh.dev.azure.com:v3/acme/My%20Shop/theme',
      'https://dev.azure.com/acme/My%20Shop/_git/app',
      ['https://dev.azure.com/acme/My%20Shop/_git/theme'],
    ],
    ['../theme.git', SSH, [SSH.replace('shop', 'theme')]],
    ['git@git.example.com:acme/theme.git', SSH, [SSH.replace('shop', 'theme')]],
    [
      'https://git.example.com/acme/theme.git',
      SSH,
      [SSH.replace('shop', 'theme'), 'https://git.example.com/acme/theme.git'],
    ],
    ['../theme.git', SCP, ['git@git.example.com:acme/theme.git']],
    ['../../theme.git', SCP, ['git@git.example.com:theme.git']],
    [
      'https://git.example.com/acme/theme.git',
      SCP,
      ['ssh://git@git.example.com/acme/theme.git', 'https://git.example.com/acme/theme.git'],
    ],
  ])('on the same host must be fetched the way its parent is: %s in %s', (text, root, urls) => {
    expect(urlsOf(text, root)).toEqual(urls);
  });

  it.each([HTTPS, SSH, SCP])('on another host must be fetched by https: %s', (root) => {
    const other = ['https://github.com/acme/theme.git'];
    expect(urlsOf('https://github.com/acme/theme.git', root)).toEqual(other);
    expect(urlsOf('git@github.com:acme/theme.git', root)).toEqual(other);
    expect(urlsOf('ssh://git@ssh.github.com:443/acme/theme.git', root)).toEqual(other);
    expect(urlsOf('git://github.com/acme/theme.git', root)).toEqual(other);
    expect(urlsOf('../theme.git', root, 'https://github.com/acme/shop')).toEqual(other);
  });

  it.each([
    '../../../../x',
    '/srv/git/x',
    'file:///srv/x',
    'ext::sh -c id',
    'https://me:secret@git.example.com/x',
    '-x',
  ])('must be refused: %s', (text) => {
    for (const root of [HTTPS, SSH, SCP]) {
      expect(urlsOf(text, root)).toBeTypeOf('string');
      expect(urlsOf(text, root)).not.toContain('secret');
    }
  });
});

it('must be read as git lists the settings of .gitmodules', () => {
  const settings = [
    'submodule.lib/a.b.path\nlib/a.b/',
    'submodule.lib/a.b.url\n../a b.git\nx',
    'submodule.off.path\noff',
    'submodule.off.url\n../off.git',
    'submodule.off.update\nnone',
    'submodule.half.path\nhalf',
    'submodule.path\nx',
    '',
  ];
  expect(parseGitmodules(settings.join('\0'))).toEqual([{ name: 'lib/a.b', path: 'lib/a.b', url: '../a b.git\nx' }]);
  expect(parseGitmodules('')).toEqual([]);
});
