import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { MAY_IMPORT } from '../structure.mjs';

const SRC = import.meta.dirname;
/** Specs may use anything. */
const all = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(
  (file) => /\.ts$/.test(file) && !/\.spec\.ts$|^generated/.test(file),
);
/** Modules are the wiring of what is below them. */
const files = all.filter((file) => !file.endsWith('.module.ts'));
const textOf = (file: string) => readFileSync(path.join(SRC, file), 'utf8');

it('every module must be named in structure.mjs', () => {
  expect(readdirSync(path.join(SRC, 'modules')).sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

it('folders must import each other in one direction, without cycles', () => {
  const imports = new Map<string, Set<string>>();
  for (const file of files) {
    const folder = path.dirname(file);
    const targets = imports.get(folder) ?? new Set();
    imports.set(folder, targets);
    for (const target of importsOf(file)) if (path.dirname(target) !== folder) targets.add(path.dirname(target));
  }
  expect(cycleIn(imports)).toEqual([]);
});

it('only repositories, core and the operator programs must use PrismaService', () => {
  const users = files
    .filter((file) => !/^(core|cli)\/|\.repository\.ts$/.test(file))
    .filter((file) => /\bPrismaService\b/.test(textOf(file)));
  expect(users).toEqual([]);
});

it('no type must be cast through unknown', () => {
  expect(all.filter((file) => textOf(file).includes('as unknown as'))).toEqual([]);
});

it('only modules of core must be global', () => {
  expect(all.filter((file) => /^@Global\(\)/m.test(textOf(file)) && !file.startsWith('core/'))).toEqual([]);
});

function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from|import) '((?:\.|#src\/)[^']+)'/g)]
    .map(([, specifier = '']) =>
      specifier.startsWith('#src/') ? specifier.slice('#src/'.length) : path.join(path.dirname(file), specifier),
    )
    .filter((target) => !target.startsWith('generated') && !target.endsWith('.module.js'));
}

/** The folders of one cycle, in order; empty where there is none. */
function cycleIn(imports: Map<string, Set<string>>): string[] {
  const done = new Set<string>();
  const visit = (folder: string, way: string[]): string[] => {
    if (way.includes(folder)) return [...way.slice(way.indexOf(folder)), folder];
    if (done.has(folder)) return [];
    for (const next of imports.get(folder) ?? []) {
      const cycle = visit(next, [...way, folder]);
      if (cycle.length > 0) return cycle;
    }
    done.add(folder);
    return [];
  };
  for (const folder of imports.keys()) {
    const cycle = visit(folder, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
