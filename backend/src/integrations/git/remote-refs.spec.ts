import { describe, expect, it } from 'vitest';
import { nearestNames } from './nearest-names.js';
import { commitOf, missingRef, onlyBranch, parseRefs } from './remote-refs.js';

const URL = 'https://git.example.com/shop.git';
const names = (...short: string[]) => short.map((name) => (name.startsWith('refs/') ? name : `refs/heads/${name}`));
const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('a name of a ref', () => {
  const refs = parseRefs('1\trefs/heads/v1\n2\trefs/tags/v1\n3\trefs/tags/v1^{}\n4\trefs/x/refs/tags/v2\n\n5\n');

  it('must stand for the branch before the tag, and for the commit of an annotated tag', () => {
    expect(commitOf(refs, 'v1')).toBe('1');
    expect(commitOf(refs, 'refs/tags/v1')).toBe('3');
    expect(commitOf(refs, 'refs/heads/v1')).toBe('1');
    expect(commitOf(refs.slice(1), 'v1')).toBe('3');
    expect(commitOf(refs, 'v2')).toBeUndefined();
  });

  it('that does not exist must be answered with near ones, a few of them', () => {
    const many = Array.from({ length: 500 }, (_, index) => `feature/${index}`);
    expect(missingRef(URL, 'no-such', names('main', 'dev')).message).toBe(
      `There is no branch and no tag named no-such in ${URL}; there is main, dev.`,
    );
    expect(missingRef(URL, 'mian', names(...many, 'main')).message).toContain('there is main, ');
    expect(missingRef(URL, 'refs/heads/x', names(...many)).message).toMatch(
      /no ref refs\/heads\/x in .*; there is (?:feature\/\d, ){4}feature\/\d and 495 more\.$/,
    );
    expect(missingRef(URL, 'abcdef1', names('main')).message).toContain('send its whole id in commit');
    expect(missingRef(URL, 'main', []).message).toContain('The repository is empty');
  });

  it.each([
    ['mian', 'main'],
    ['Main', 'main'],
    ['release-1.2', 'release/1.2'],
    ['relase/1.2', 'release/1.2'],
    ['origin/main', 'main'],
    ['feture/login', 'feature/login'],
    ['v1.0', '1.0'],
  ])('must be near another: %s and %s', (wanted, name) => {
    expect(nearestNames(wanted, ['other', 'quite-different', name])[0]).toBe(name);
  });

  it('must be compared in linear time', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => 'a'.repeat(index % 255));
    const began = performance.now();
    nearestNames('a'.repeat(255), many);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('a default branch that does not exist', () => {
  it('must be replaced by the only branch', () => {
    expect(onlyBranch(URL, names('main', 'refs/tags/v1'), 'master')).toBe('refs/heads/main');
  });

  it('must be told, with the branches that do, unless the repository is empty', () => {
    const several = () => onlyBranch(URL, names('main', 'dev'), 'master');
    expect(messageOf(several)).toBe('Its default branch master does not exist; send branch (there is main, dev).');
    expect(messageOf(() => onlyBranch(URL, names('refs/tags/v1'), undefined))).toBe(
      'Its default branch does not exist; send branch (there is v1).',
    );
    expect(messageOf(() => onlyBranch(URL, [], 'main'))).toContain('The repository is empty');
  });
});
