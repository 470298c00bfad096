import { describe, expect, it } from 'vitest';
import { PLANNING_TASKS } from './planning-tasks.js';

const SLOW_MS = 5000;

function selected(rules: string, names: string[], folders: string[] = []): string[] {
  const marks = PLANNING_TASKS.select({
    names: names.join('\0'),
    folders: Uint8Array.from(names, (name) => (folders.includes(name) ? 1 : 0)),
    rules,
    included: ['Dockerfile', '.dockerignore'],
  });
  return names.filter((_, index) => marks[index]);
}

describe('the rules of a .dockerignore', () => {
  it('must be read as Docker reads them', () => {
    const names = ['Dockerfile', 'docs', 'docs/a.md', 'docs/keep.md', 'src/a.ts', 'src/x/b.log', 'a b'];
    const rules = '# comment\r\n/docs/\n!docs/keep.md\n  **/*.log  \nDockerfile\n./src/../a b\n';
    expect(selected(rules, names, ['docs'])).toEqual(['Dockerfile', 'docs', 'docs/keep.md', 'src/a.ts']);
    expect(selected('*\n!src\n', names, ['docs'])).toEqual(['Dockerfile', 'src/a.ts', 'src/x/b.log']);
    expect(selected('', [])).toEqual([]);
  });

  it('must be refused when they are more or longer than any that people write', () => {
    for (const rules of ['a\n'.repeat(2001), 'a'.repeat(1025)]) expect(() => selected(rules, ['a'])).toThrow('rules');
  });

  it.each([`${'*a'.repeat(60)}b`, `${'**/a'.repeat(60)}b`, '[a-z]*'.repeat(40)])(
    'must take linear time: %s',
    (rule) => {
      const names = Array.from({ length: 200 }, (_, index) => `${'a'.repeat(60)}${index}!`);
      const began = process.cpuUsage();
      selected(`${rule}\n`.repeat(10), names);
      expect(process.cpuUsage(began).user / 1000).toBeLessThan(SLOW_MS);
    },
  );
});
