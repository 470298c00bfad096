import { parse as parseYamlText } from 'yaml';
import type { SourceFiles } from './source-files.js';

/** The fields of a package.json that detection reads. A field of another type counts as missing. */
export interface NodeManifest {
  name: string | undefined;
  main: string | undefined;
  packageManager: string | undefined;
  scripts: ReadonlyMap<string, string>;
  engines: ReadonlyMap<string, string>;
  volta: ReadonlyMap<string, string>;
  dependencies: ReadonlyMap<string, string>;
  devDependencies: ReadonlyMap<string, string>;
  /** `devEngines.runtime` of Node.js and `devEngines.packageManager`: name and version */
  devRuntime: DevEngine | undefined;
  devManager: DevEngine | undefined;
  hasWorkspaces: boolean;
  hasPatches: boolean;
  /** pnpm 10 is the first version that needs this list */
  hasBuiltDependencies: boolean;
}

export interface DevEngine {
  name: string;
  version: string;
}

type Fields = Record<string, unknown>;

/** Reads a package.json. An invalid one is empty: the package manager reports it. */
export function readManifest(files: SourceFiles, path = 'package.json'): NodeManifest {
  const fields = fieldsOf(parse(files.text(path)));
  const pnpm = fieldsOf(fields['pnpm']);
  const devEngines = fieldsOf(fields['devEngines']);
  return {
    name: textOf(fields['name']),
    main: textOf(fields['main']),
    packageManager: textOf(fields['packageManager']),
    scripts: textsOf(fields['scripts']),
    engines: textsOf(fields['engines']),
    volta: textsOf(fields['volta']),
    dependencies: new Map([...textsOf(fields['optionalDependencies']), ...textsOf(fields['dependencies'])]),
    devDependencies: textsOf(fields['devDependencies']),
    devRuntime: engineOf(devEngines['runtime'], ['node']),
    devManager: engineOf(devEngines['packageManager'], ['npm', 'yarn', 'pnpm', 'bun']),
    hasWorkspaces: fields['workspaces'] !== undefined,
    hasPatches: [fields['patchedDependencies'], pnpm['patchedDependencies']].some((patches) => patches !== undefined),
    hasBuiltDependencies: pnpm['onlyBuiltDependencies'] !== undefined,
  };
}

/** True when the package is a dependency of any kind. */
export function dependsOn({ dependencies, devDependencies }: NodeManifest, name: string): boolean {
  return dependencies.has(name) || devDependencies.has(name);
}

/** Parses JSON of any file; undefined for what is invalid. */
export function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Parses YAML of any file; undefined for what is invalid. */
export function parseYaml(text: string | undefined): unknown {
  try {
    return parseYamlText(text ?? '', { maxAliasCount: 0, logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function textsOf(value: unknown): ReadonlyMap<string, string> {
  const texts = Object.entries(fieldsOf(value)).flatMap(([name, entry]): [string, string][] => {
    const text = textOf(entry);
    return text === undefined ? [] : [[name, text]];
  });
  return new Map(texts);
}

/** An entry of devEngines, or the first of a list. */
function engineOf(value: unknown, names: string[]): DevEngine | undefined {
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  for (const entry of entries) {
    const { name, version } = fieldsOf(entry);
    if (typeof name === 'string' && names.includes(name)) return { name, version: textOf(version) ?? '*' };
  }
  return undefined;
}
