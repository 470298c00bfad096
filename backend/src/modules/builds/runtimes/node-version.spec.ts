import { describe, expect, it } from 'vitest';
import { readManifest } from './node-manifest.js';
import { nodeVersionOf } from './node-version.js';
import { SourceFiles } from './source-files.js';

function versionOf(files: Record<string, string>) {
  const names = Object.keys(files).join('\0');
  const sources = SourceFiles.from({ names, texts: new Map(Object.entries(files)) });
  return nodeVersionOf(sources, readManifest(sources));
}

const engines = (node: string) => ({ 'package.json': JSON.stringify({ engines: { node } }) });

describe('the version of Node.js', () => {
  it.each([
    ['>=24', '24'],
    ['>=18', '24'],
    ['>=22.12', '24'],
    ['^20.0.0', '20'],
    ['20.x', '20'],
    ['22', '22'],
    ['20 || 22 || 24.x', '24'],
    ['>=20 <24', '22'],
    ['>=24 <25', '24'],
    ['^18 || >=20', '24'],
    ['25.x', '25'],
    ['<21', '20'],
    ['22.14.0', '22.14.0'],
    ['~20.8.0', '20.8'],
    ['>=22.5.0 <22.9', '22.5'],
    ['lts/*', '22'],
    ['*', '22'],
    ['nonsense', '22'],
  ])('must be the newest LTS line that engines accepts: %s', (range, tag) => {
    expect(versionOf(engines(range)).tag).toBe(tag);
  });

  it.each([
    [{ '.nvmrc': 'lts/krypton\n' }, '24'],
    [{ '.nvmrc': '# the line\nv20.11.1\n' }, '20'],
    [{ '.nvmrc': 'lts/*' }, '24'],
    [{ '.nvmrc': 'lts/-1' }, '22'],
    [{ '.nvmrc': 'node' }, '24'],
    [{ '.node-version': '24.1.0\n' }, '24'],
    [{ '.tool-versions': 'python 3.12\nnodejs 20.1.0 18.0.0\n' }, '20'],
    [{ 'mise.toml': '[tools]\nnode = "20"\n' }, '20'],
    [{ '.mise.toml': '[tools]\nnode = [{ version = "lts/iron" }, "22"]\n' }, '20'],
    [{ 'package.json': '{"volta":{"node":"24.1.0"}}' }, '24'],
    [{ 'package.json': '{"devEngines":{"runtime":{"name":"node","version":">=24"}}}' }, '24'],
    [{ '.nvmrc': '20', ...engines('>=22') }, '24'],
    [{ '.nvmrc': '22', ...engines('>=20') }, '22'],
    [{ '.nvmrc': 'iojs' }, '22'],
    [{}, '22'],
  ])('must be that of the file which pins it: %j', (files, tag) => {
    expect(versionOf(files).tag).toBe(tag);
  });

  it('must be refused when no release satisfies it', () => {
    expect(versionOf(engines('>=99')).problem).toMatch(
      /No released version of Node\.js satisfies ">=99" \(engines of package\.json\)\. .*set baseImage/,
    );
    expect(versionOf(engines('>=24 <20')).problem).toMatch(/No released version/);
  });
});
