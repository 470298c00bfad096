import { describe, expect, it } from 'vitest';
import { argumentsOf, onlyProcessOf, procfileOf } from './procfile.js';
import { SourceFiles } from './source-files.js';
import { wantedFiles } from './wanted-files.js';

describe('a Procfile', () => {
  it('must be read with any line ending, the first line of a name', () => {
    const text =
      '# a comment: none\r\nweb: node a.js --url http://x\r\nrelease:npm run migrate\nweb: other\nbad line\n';
    const files = SourceFiles.from({ names: 'Procfile', texts: new Map([['Procfile', text]]) });
    expect([...procfileOf(files)]).toEqual([
      ['web', 'node a.js --url http://x'],
      ['release', 'npm run migrate'],
    ]);
  });

  it('must name the program when it has one process', () => {
    const only = (text: string) =>
      onlyProcessOf(SourceFiles.from({ names: 'Procfile', texts: new Map([['Procfile', text]]) }));
    expect(only('release: a\nworker: python b.py\n')).toEqual({ name: 'worker', command: 'python b.py' });
    expect(only('worker: a\nclock: b\n')).toBeUndefined();
    expect(only('release: a\n')).toBeUndefined();
  });

  it('must need a shell only for what is more than words', () => {
    expect(argumentsOf('npm  run migrate:up')).toEqual(['npm', 'run', 'migrate:up']);
    for (const command of ['A=1 npm run x', 'a && b', 'echo "$X"'])
      expect(argumentsOf(command)).toEqual(['/bin/sh', '-c', command]);
  });
});

describe('the files whose text is read', () => {
  it('must be those that detection knows, the root first, and not too many', () => {
    const names = [
      'packages/a/package.json',
      'node_modules/a/package.json',
      'a.txt',
      'cmd/x/main.go',
      'package.json',
      'vite.config.ts',
    ];
    expect(wantedFiles(names)).toEqual(['package.json', 'vite.config.ts', 'packages/a/package.json', 'cmd/x/main.go']);
    expect(wantedFiles(Array.from({ length: 5000 }, (_, at) => `p${at}/package.json`))).toHaveLength(150);
  });
});
