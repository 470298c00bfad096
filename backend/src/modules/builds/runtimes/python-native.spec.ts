import { describe, expect, it } from 'vitest';
import { detectPython } from './python.js';
import { SourceFiles } from './source-files.js';

type Texts = Record<string, string>;

const filesOf = (texts: Texts) =>
  SourceFiles.from({ names: Object.keys(texts).join('\0'), texts: new Map(Object.entries(texts)) });
const detect = (texts: Texts) => detectPython(filesOf(texts));

describe('a project of Python with native code', () => {
  it('must be built with compilers and keep the libraries where a package has sources only', () => {
    const found = detect({ 'requirements.txt': 'psycopg2==2.9.10\n', 'main.py': 'import psycopg2\n' });
    expect(found).toMatchObject({
      baseImage: 'python:3.12-slim',
      buildImage: 'python:3.12',
      start: 'python main.py',
      env: { PYTHONUNBUFFERED: '1', LD_LIBRARY_PATH: '/home/app/.local/lib/shared' },
    });
    expect(found?.install).toContain('ldd');
    const compiled: Texts[] = [
      { 'requirements.txt': 'lib @ git+https://example.com/lib.git\n', 'main.py': '' },
      { 'requirements.txt': './fast\n', 'main.py': '', 'fast/setup.py': 'setup(ext_modules=[Extension("fast", [])])' },
      { 'requirements.txt': 'psycopg[c,pool]>=3\n', 'main.py': '' },
    ];
    for (const files of compiled) expect(detect(files)).toMatchObject({ buildImage: 'python:3.12' });
    for (const requirement of ['psycopg2-binary', 'psycopg[binary]', '# psycopg2', 'lxml'])
      expect(detect({ 'requirements.txt': requirement, 'main.py': '' })).toMatchObject({
        buildImage: 'python:3.12-slim',
      });
  });

  it('must run on the full image, which has libpq, with a psycopg that brings none', () => {
    for (const requirement of ['psycopg', 'psycopg>=3.1', 'psycopg[pool]==3.2.1']) {
      const found = detect({ 'requirements.txt': `flask\n${requirement}\n`, 'main.py': '' });
      expect(found).toMatchObject({ baseImage: 'python:3.12', buildImage: 'python:3.12' });
      expect(found?.reasons.join()).toContain('psycopg[binary]');
    }
    const complete = ['psycopg[binary]', 'psycopg[pool,c]', 'psycopg==3.2\npsycopg-binary==3.2', 'psycopg-pool'];
    for (const requirement of complete)
      expect(detect({ 'requirements.txt': requirement, 'main.py': '' })).toMatchObject({
        baseImage: 'python:3.12-slim',
      });
  });
});
