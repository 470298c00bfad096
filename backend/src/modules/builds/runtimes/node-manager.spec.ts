import { describe, expect, it } from 'vitest';
import { nodeManagerOf } from './node-manager.js';
import { readManifest } from './node-manifest.js';
import { SourceFiles } from './source-files.js';

function managerOf(files: Record<string, string>, nodeTag = '22') {
  const names = Object.keys(files).join('\0');
  const sources = SourceFiles.from({ names, texts: new Map(Object.entries(files)) });
  const { setup, install, reason } = nodeManagerOf(sources, readManifest(sources), nodeTag);
  return [setup, install, reason];
}

const pinned = (packageManager: string) => ({ 'package.json': JSON.stringify({ packageManager }) });
const pnpmLock = (version: string) => ({ 'pnpm-lock.yaml': `lockfileVersion: ${version}\n` });
const berryLock = (format: number) => ({
  'yarn.lock': `# generated\n\n__metadata:\n  version: ${format}\n  cacheKey: 10c0\n`,
});
const FROZEN = 'pnpm install --frozen-lockfile';

describe('the package manager', () => {
  it.each([
    [{ 'package-lock.json': '' }, [undefined, 'npm ci', 'npm from package-lock.json']],
    [{}, [undefined, 'npm install', 'npm from no lock file']],
    [
      { 'package-lock.json': '', ...pinned('npm@11.4.0') },
      ['npm install -g npm@11.4.0', 'npm ci', 'npm 11.4.0 from packageManager'],
    ],
    [pnpmLock('5.4'), ['npm install -g pnpm@7', FROZEN, 'pnpm 7 from lockfileVersion 5.4 of pnpm-lock.yaml']],
    [pnpmLock("'6.0'"), ['npm install -g pnpm@8', FROZEN, 'pnpm 8 from lockfileVersion 6.0 of pnpm-lock.yaml']],
    [pnpmLock("'9.0'"), ['npm install -g pnpm@9', FROZEN, 'pnpm 9 from lockfileVersion 9.0 of pnpm-lock.yaml']],
    [
      { ...pnpmLock("'9.0'"), 'package.json': '{"pnpm":{"onlyBuiltDependencies":["esbuild"]}}' },
      ['npm install -g pnpm@10', FROZEN, 'pnpm 10 from lockfileVersion 9.0 of pnpm-lock.yaml'],
    ],
    [
      { ...pnpmLock("'9.0'"), 'pnpm-workspace.yaml': 'ignoredBuiltDependencies:\n  - esbuild\n' },
      ['npm install -g pnpm@10', FROZEN, 'pnpm 10 from lockfileVersion 9.0 of pnpm-lock.yaml'],
    ],
    [
      {
        ...pnpmLock("'9.0'"),
        ...pinned(
          'pnpm@9.15.9+sha512.68046141893c66fad01c079231128e9afb89ef87e2691d69e4d40eee228988295fd4682181bae55b58418c3a253bde65a505ec7c5f9403ece5cc3cd37dcf2531',
        ),
      },
      ['npm install -g pnpm@9.15.9', FROZEN, 'pnpm 9.15.9 from packageManager'],
    ],
    [
      pinned('pnpm@9.1.0'),
      ['npm install -g pnpm@9.1.0', 'pnpm install --no-frozen-lockfile', 'pnpm 9.1.0 from packageManager'],
    ],
    [
      { 'yarn.lock': '# yarn lockfile v1\n' },
      ['npm install -g yarn@1', 'yarn install --frozen-lockfile', 'yarn 1 from yarn.lock'],
    ],
    [berryLock(8), ['npm install -g @yarnpkg/cli-dist@4', 'yarn install --immutable', 'yarn 4 from yarn.lock']],
    [berryLock(6), ['npm install -g @yarnpkg/cli-dist@3', 'yarn install --immutable', 'yarn 3 from yarn.lock']],
    [
      {
        ...berryLock(8),
        ...pinned('yarn@4.9.2'),
        '.yarnrc.yml': 'yarnPath: .yarn/releases/yarn-4.9.2.cjs\n',
        '.yarn/releases/yarn-4.9.2.cjs': '',
      },
      [
        undefined,
        'node /app/.yarn/releases/yarn-4.9.2.cjs install --immutable',
        'yarn from .yarn/releases/yarn-4.9.2.cjs of .yarnrc.yml',
      ],
    ],
    [{ 'bun.lock': '' }, ['npm install -g bun@1', 'bun install --frozen-lockfile', 'bun 1 from bun.lock']],
    [{ 'bun.lockb': '' }, ['npm install -g bun@1', 'bun install --frozen-lockfile', 'bun 1 from bun.lockb']],
    // A lock file of another manager is what the dependencies are locked with.
    [{ ...pinned('pnpm@9.1.0'), 'package-lock.json': '' }, [undefined, 'npm ci', 'npm from package-lock.json']],
    [{ 'package-lock.json': '', ...pinned('npm@1; touch x') }, [undefined, 'npm ci', 'npm from package-lock.json']],
  ])('must be the one of the lock file, in its version: %j', (files, expected) => {
    expect(managerOf(files)).toEqual(expected);
  });

  it('must be npm 11 where npm 10 would resolve dependencies', () => {
    const files = { 'package.json': '{"devDependencies":{"vitest":"^4.1.2"}}' };
    for (const tag of ['20', '22'])
      expect(managerOf(files, tag)).toEqual([
        'npm install -g npm@11 || mkdir -p /home/app/.local',
        'npm install',
        'npm 11 from no lock file',
      ]);
    for (const tag of ['18', '22.3', '24'])
      expect(managerOf(files, tag)).toEqual([undefined, 'npm install', 'npm from no lock file']);
    expect(managerOf({ ...files, 'package-lock.json': '' })).toEqual([
      undefined,
      'npm ci',
      'npm from package-lock.json',
    ]);
  });
});
