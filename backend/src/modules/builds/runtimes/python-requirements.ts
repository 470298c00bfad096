import path from 'node:path/posix';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import type { SourceFiles } from './source-files.js';
import { isTable, textsOf, type TomlTable } from './toml.js';

/** Lines of requirements as pip reads them, and the files that they come from. */
export interface Requirements {
  lines: string[];
  files: string[];
}

const MAX_FILES = 20;
const NAME = /^[A-Za-z0-9][\w.-]{0,200}/;
/** What may follow a name: extras, a version range, a marker or a URL. */
const AFTER_NAME = /^(?:[<>=!~(@;[][\x20-\x7e]{0,1000})?$/;
/** `-r other.txt`, `--requirement=other.txt`, also of constraints */
const INCLUDE = /^(?:-r|-c|--requirement|--constraint)[ =]?(\S{1,300})$/;

/** A file of requirements and those that it includes, as far as detection may read them. */
export function requirementsFile(files: SourceFiles, name: string): Requirements {
  const found: Requirements = { lines: [], files: [] };
  const pending = [name];
  for (let next = pending.shift(); next !== undefined && found.files.length < MAX_FILES; next = pending.shift()) {
    if (!files.has(next) || found.files.includes(next)) continue;
    found.files.push(next);
    for (const line of linesOf(files.text(next) ?? '')) {
      const included = INCLUDE.exec(line)?.[1];
      if (included === undefined) found.lines.push(line);
      else pending.push(path.join(path.dirname(next), included));
    }
  }
  return found;
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** True for a line that pip installs from a file, a folder or with an option of its own. */
export function refersToSources(line: string): boolean {
  return /^(?:\.|\/|file:|-e|-f|--editable|--find-links)/.test(line) || /@\s*file:/.test(line);
}

/** The name as PyPI compares names: `Flask_Login` is `flask-login`. */
export function packageName(line: string): string | undefined {
  return NAME.exec(line)?.[0].toLowerCase().replaceAll(/[_.]/g, '-');
}

/** The requirements of `[project]`. Throws DOCKERFILE_INVALID. */
export function projectDependencies(project: TomlTable): string[] {
  return checked(textsOf(project['dependencies']));
}

/** Poetry's and Pipenv's tables, `requests = "^2.31"` or `{version = "*", extras = ["socks"]}`, as requirements. Throws DOCKERFILE_INVALID. */
export function tableDependencies(table: TomlTable): string[] {
  return checked(
    Object.entries(table)
      .filter(([name]) => name.toLowerCase() !== 'python')
      .flatMap(([name, value]) => requirementOf(name, value)),
  );
}

/** Refuses what pip could take for an option, a path or a second line. */
function checked(lines: string[]): string[] {
  return lines.map((line) => {
    const text = line.trim();
    const name = NAME.exec(text)?.[0];
    if (name !== undefined && AFTER_NAME.test(text.slice(name.length).trimStart())) return text;
    throw new StepFailure(
      'DOCKERFILE_INVALID',
      `${JSON.stringify(text.slice(0, 100))} is not a requirement of Python. Correct the dependencies, or set installCommand.`,
    );
  });
}

function requirementOf(name: string, value: unknown): string[] {
  if (typeof value === 'string') return [`${name}${versionOf(value)}`];
  if (!isTable(value) || value['optional'] === true) return [];
  const { version, git, rev, tag, branch, ref, markers } = value;
  const extras = textsOf(value['extras']);
  const marker = typeof markers === 'string' ? ` ; ${markers}` : '';
  const full = extras.length > 0 ? `${name}[${extras.join(',')}]` : name;
  if (typeof git === 'string') {
    const at = [rev, tag, branch, ref].find((each) => typeof each === 'string');
    return [`${full} @ git+${git}${typeof at === 'string' ? `@${at}` : ''}${marker}`];
  }
  return [`${full}${typeof version === 'string' ? versionOf(version) : ''}${marker}`];
}

/** Poetry's `^1.2` is `>=1.2,<2`; a bare `1.2` is exact. */
function versionOf(range: string): string {
  const parts = range.split(',').map((part) => part.trim());
  return parts.flatMap(partOf).join(',');
}

function partOf(part: string): string[] {
  if (part === '*' || part === '' || part.includes('||')) return [];
  if (/^\d/.test(part)) return [`==${part}`];
  const [, operator, version = ''] = /^([\^~])(\d[\w.]{0,50})$/.exec(part) ?? [];
  if (operator === undefined) return [part.replaceAll(' ', '')];
  return [`>=${version}`, `<${operator === '^' ? aboveCaret(version) : aboveTilde(version)}`];
}

/** The first version that `^` excludes: the leftmost number that is not zero is the one that counts. */
function aboveCaret(version: string): string {
  const numbers = version.split('.').map(Number);
  const at = numbers.findIndex((number) => number > 0);
  const end = at < 0 ? numbers.length - 1 : at;
  return [...numbers.slice(0, end), (numbers[end] ?? 0) + 1].join('.');
}

function aboveTilde(version: string): string {
  const [major = 0, minor] = version.split('.').map(Number);
  return minor === undefined ? String(major + 1) : `${major}.${minor + 1}`;
}
