import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KEPT_CHECKS } from './kept-checks.js';

const SRC = path.resolve(import.meta.dirname, '..');
const DECORATORS = path.join(SRC, '../node_modules/class-validator/cjs/decorator');

it('what the decorators that the program uses need of validator must be loaded, and nothing else', () => {
  const sources = globSync('**/*.ts', { cwd: SRC }).map((file) => readFileSync(path.join(SRC, file), 'utf8'));
  const imports = sources.flatMap((source) => [...source.matchAll(/import \{([^}]*)\} from 'class-validator'/g)]);
  const used = new Set(imports.flatMap(([, names = '']) => names.match(/\w+/g) ?? []));
  const files = globSync('*/*.js', { cwd: DECORATORS }).filter((file) => used.has(path.basename(file, '.js')));
  const needed = files.flatMap((file) => [
    ...readFileSync(path.join(DECORATORS, file), 'utf8').matchAll(/require\("validator\/lib\/(\w+)"\)/g),
  ]);
  expect(used).toContain('MaxLength');
  expect([...new Set(needed.map(([, name]) => name))].sort()).toEqual(KEPT_CHECKS);
});
