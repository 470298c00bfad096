import pep440 from '@renovatebot/pep440';
import type { SourceFiles } from './source-files.js';
import { isTable, MISE, miseVersionOf, tableAt, tomlOf } from './toml.js';

/** Minor versions that the official image has, the preferred first: 3.12, then those closest to it. */
const MINORS = [12, 13, 11, 14, 10, 9, 15, 8, 7, 6];
const DEFAULT_VERSION = '3.12';
/** The image of a minor version has its newest patch, which is not known here. */
const NEWEST_PATCH = 99;
const MAX_CHARACTERS = 200;

export interface PythonVersion {
  /** tag of the official image: `3.12`, or `3.12.4` where only that patch is allowed */
  tag: string;
  /** `requires-python >=3.11 of pyproject.toml` */
  reason: string;
  /** why no version can be chosen */
  problem?: string;
}

/** Chooses the version of Python; with a problem for a range that no released version satisfies. */
export function pythonVersionOf(files: SourceFiles): PythonVersion {
  for (const { range, source } of rangesOf(files)) {
    const text = range.trim().slice(0, MAX_CHARACTERS);
    if (text === '' || text === '*') continue;
    const tag = tagFor(text);
    if (tag !== undefined) return { tag, reason: `Python ${tag} from ${source} (${text})` };
    return {
      tag: DEFAULT_VERSION,
      reason: `no version of Python for ${source} (${text})`,
      problem: `No released version of Python satisfies ${source} (${text}). Correct it, or set baseImage, for example python:${DEFAULT_VERSION}-slim.`,
    };
  }
  return { tag: DEFAULT_VERSION, reason: `Python ${DEFAULT_VERSION} by default: no file names a version` };
}

interface WantedRange {
  range: string;
  source: string;
}

/** What files say about the version, the most exact first. */
function rangesOf(files: SourceFiles): WantedRange[] {
  const ranges: WantedRange[] = [];
  const add = (range: unknown, source: string) => {
    if (typeof range === 'string') ranges.push({ range, source });
  };
  for (const name of ['.python-version', 'runtime.txt']) add(exactOf(files.text(name)), name);
  add(exactOf(toolVersionOf(files.text('.tool-versions'))), '.tool-versions');
  for (const name of MISE) add(exactOf(miseVersionOf(files.text(name), 'python')), name);
  const requires = tableAt(tomlOf(files.text('Pipfile')), 'requires');
  add(requires['python_full_version'], 'python_full_version of Pipfile');
  add(asMinor(requires['python_version']), 'python_version of Pipfile');
  const project = tomlOf(files.text('pyproject.toml'));
  add(tableAt(project, 'project')['requires-python'], 'requires-python of pyproject.toml');
  const poetry = tableAt(project, 'tool', 'poetry', 'dependencies')['python'];
  add(isTable(poetry) ? poetry['version'] : poetry, 'the python dependency of pyproject.toml');
  return ranges;
}

/** `3.12.4`, `python-3.12`, `cpython-3.12`: a version of CPython stands for the newest patch of its minor. */
function exactOf(text: string | undefined): string | undefined {
  const line = (text ?? '').split('\n').find((each) => each.trim() !== '' && !each.trimStart().startsWith('#'));
  const [, minor] = /^(?:c?python-)?(\d{1,3}\.\d{1,3})(?:\.\d{1,3})?t?$/.exec(line?.trim() ?? '') ?? [];
  return asMinor(minor);
}

function asMinor(version: unknown): string | undefined {
  return typeof version === 'string' && /^\d{1,3}\.\d{1,3}$/.test(version) ? `==${version}.*` : undefined;
}

function toolVersionOf(text: string | undefined): string | undefined {
  const line = (text ?? '').split('\n').find((each) => each.startsWith('python '));
  return line?.split(' ')[1];
}

function tagFor(range: string): string | undefined {
  const alternatives = range.split('||').map(toPep440);
  const isAllowed = (version: string) =>
    alternatives.some((each) => each !== undefined && pep440.satisfies(version, each));
  const minor = MINORS.find((each) => isAllowed(`3.${each}.${NEWEST_PATCH}`));
  if (minor !== undefined) return `3.${minor}`;
  const pinned = /(?:^|[=^~])\s*(3\.\d{1,2}(?:\.\d{1,2})?)(?:$|\s|,)/.exec(range)?.[1];
  if (pinned === undefined || !isAllowed(pinned)) return undefined;
  return MINORS.some((each) => pinned === `3.${each}` || pinned.startsWith(`3.${each}.`)) ? pinned : undefined;
}

/** Poetry's `^3.11`, `~3.11`, `3.11.*` and lists with blanks as PEP 440 has them; undefined when it is no range. */
function toPep440(range: string): string | undefined {
  const parts = range
    .replace(/([<>=!~^])\s+/g, '$1')
    .split(/[\s,]+/)
    .filter((part) => part !== '');
  const specifiers = parts.flatMap(specifiersOf);
  const joined = specifiers.join(',');
  return specifiers.length > 0 && pep440.validRange(joined) ? joined : undefined;
}

function specifiersOf(part: string): string[] {
  const [, operator, major, minor] = /^(\^|~)(\d{1,3})(?:\.(\d{1,3}))?/.exec(part) ?? [];
  if (operator === undefined || part.startsWith('~=')) return [/^\d/.test(part) ? `==${part}` : part];
  const lowest = `>=${part.slice(1)}`;
  if (operator === '^' || minor === undefined) return [lowest, `<${Number(major) + 1}`];
  return [lowest, `<${major}.${Number(minor) + 1}`];
}
