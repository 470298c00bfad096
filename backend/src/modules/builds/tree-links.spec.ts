import { describe, expect, it } from 'vitest';
import type { TreeEntry } from '#src/modules/uploads/tree-entry.js';
import { resolveFile } from './tree-links.js';

const entry = (name: string, kind: TreeEntry['kind'], target = ''): [string, TreeEntry] => [
  name,
  { name, kind, size: 0, mode: 0o644, target },
];
const tree = new Map([
  entry('a', 'directory'),
  entry('a/file', 'file'),
  entry('x', 'directory'),
  entry('x/y', 'directory'),
  entry('x/good', 'file'),
  entry('good', 'file'),
  entry('to-file', 'symlink', './a//file'),
  entry('to-folder', 'symlink', 'x/y'),
  entry('up', 'symlink', 'to-folder/../good'),
  entry('loop', 'symlink', 'loop'),
  entry('absolute', 'symlink', '/good'),
  entry('out', 'symlink', '../good'),
  entry('out-and-in', 'symlink', '../root/good'),
  entry('dangling', 'symlink', 'nothing'),
  entry('a/back', 'symlink', '../good'),
]);

describe('a path in a tree with links', () => {
  it.each([
    ['a/file', 'a/file'],
    ['./a/../good', 'good'],
    ['to-file', 'a/file'],
    ['to-folder/../good', 'x/good'],
    ['up', 'x/good'],
    ['a/back', 'good'],
    ['a', undefined],
    ['nothing', undefined],
    ['dangling', undefined],
    ['loop', undefined],
    ['absolute', undefined],
    ['out', undefined],
    ['out-and-in', undefined],
    ['../good', undefined],
  ])('%s must be the file %s', (name, file) => {
    expect(resolveFile(tree, name)).toBe(file);
  });
});
