import semver from 'semver';
import type { NodeManifest } from './node-manifest.js';
import type { SourceFiles } from './source-files.js';
import { MISE, miseVersionOf } from './toml.js';

/** LTS lines, the newest first; see https://nodejs.org/en/about/previous-releases. */
const LTS: readonly (readonly [major: number, name: string])[] = [
  [24, 'krypton'],
  [22, 'jod'],
  [20, 'iron'],
  [18, 'hydrogen'],
  [16, 'gallium'],
  [14, 'fermium'],
  [12, 'erbium'],
];
/** Used only when no LTS line satisfies a range. */
const OTHER_MAJORS = [26, 25, 23, 21, 19, 17, 15, 13];
/** First line that gets security fixes. */
const OLDEST_SUPPORTED = 20;
const DEFAULT_MAJOR = 22;
/** Greater than every minor and patch version. */
const NEWEST = '999.999';
const MAX_RANGE_CHARACTERS = 200;
const NEWEST_NAMES: ReadonlySet<string> = new Set(['node', 'latest', 'current', 'stable', 'lts', 'lts/*', '*']);

export interface NodeVersion {
  /** `24`, or `22.3` when the range excludes later versions of the major */
  tag: string;
  major: number;
  reason: string;
  /** why there is no such version */
  problem?: string;
}

interface Wish {
  source: string;
  text: string;
  tag: string;
}

/** Chooses the newest LTS line that the project accepts. */
export function nodeVersionOf(files: SourceFiles, manifest: NodeManifest): NodeVersion {
  const pinned = pinnedIn(files, manifest);
  const range = rangeOf(manifest);
  if (!range)
    return pinned ? version(pinned) : { ...byTag(String(DEFAULT_MAJOR)), reason: `Node ${DEFAULT_MAJOR} by default` };
  // A pinned version is one that engines accepts; else engines decides, because an install may enforce it.
  if (pinned && semver.intersects(range.text, `${pinned.tag}.x`)) return version(pinned);
  const tag = tagFor(range.text);
  if (tag === undefined) return { ...byTag(String(DEFAULT_MAJOR)), reason: '', problem: impossible(range) };
  const chosen = version({ ...range, tag });
  return pinned
    ? { ...chosen, reason: `${chosen.reason}, which excludes the ${pinned.text} of ${pinned.source}` }
    : chosen;
}

function version({ source, text, tag }: Wish): NodeVersion {
  const { major } = byTag(tag);
  const end = major < OLDEST_SUPPORTED ? ' (past its end of life)' : '';
  return { tag, major, reason: `Node ${tag} from ${source} ${text}${end}` };
}

function byTag(tag: string): { tag: string; major: number } {
  return { tag, major: Number.parseInt(tag, 10) };
}

/** The version of .nvmrc, .node-version, .tool-versions, mise.toml or volta: of its major the newest one is used. */
function pinnedIn(files: SourceFiles, { volta }: NodeManifest): Wish | undefined {
  const candidates: [source: string, text: string | undefined][] = [
    ...['.nvmrc', '.node-version'].map((name): [string, string | undefined] => [name, firstLine(files.text(name))]),
    ['.tool-versions', toolVersion(files.text('.tool-versions'))],
    ...MISE.map((name): [string, string | undefined] => [name, miseVersionOf(files.text(name), 'node')]),
    ['volta', volta.get('node')],
  ];
  for (const [source, text] of candidates) {
    const major = text === undefined ? undefined : majorOf(text);
    if (text !== undefined && major !== undefined) return { source, text, tag: String(major) };
  }
  return undefined;
}

/** The major of `24`, `v24.1.0`, `24.x`, `lts/krypton`, `lts/*` or `lts/-1`. */
function majorOf(text: string): number | undefined {
  if (text.length > MAX_RANGE_CHARACTERS) return undefined;
  const name = text.toLowerCase();
  if (NEWEST_NAMES.has(name)) return LTS[0]?.[0];
  const line = name.startsWith('lts/') ? name.slice('lts/'.length) : name;
  const offset = /^-(\d)$/.exec(line)?.[1];
  if (offset !== undefined) return LTS[Number(offset)]?.[0];
  const named = LTS.find(([, codename]) => codename === line);
  if (named) return named[0];
  const major = /^v?(\d{1,2})(?:\.[\dx*]+){0,2}$/.exec(line)?.[1];
  if (major !== undefined) return Number(major);
  const tag = semver.validRange(line) === null ? undefined : tagFor(line);
  return tag === undefined ? undefined : byTag(tag).major;
}

function rangeOf({ engines, devRuntime }: NodeManifest): Omit<Wish, 'tag'> | undefined {
  const given = [
    { source: 'engines', text: engines.get('node') },
    { source: 'devEngines', text: devRuntime?.version },
  ];
  for (const { source, text } of given) {
    if (text === undefined || text.length > MAX_RANGE_CHARACTERS || NEWEST_NAMES.has(text)) continue;
    const named = text.startsWith('lts') ? majorOf(text) : undefined;
    const range = named === undefined ? semver.validRange(text) : String(named);
    if (range !== null && range !== '*') return { source, text: named === undefined ? text : range };
  }
  return undefined;
}

/** Tag of the newest LTS line whose newest version is in the range, else the newest version that is. */
function tagFor(text: string): string | undefined {
  const majors = [...LTS.map(([major]) => major), ...OTHER_MAJORS];
  const whole = majors.find((major) => semver.satisfies(`${major}.${NEWEST}`, text));
  if (whole !== undefined) return String(whole);
  for (const major of majors) {
    const lowest = semver.intersects(text, `${major}.x`) ? lowestIn(text, major) : undefined;
    if (lowest)
      return semver.satisfies(`${major}.${lowest.minor}.999`, text) ? `${major}.${lowest.minor}` : lowest.version;
  }
  return undefined;
}

function impossible({ source, text }: Omit<Wish, 'tag'>): string {
  return `No released version of Node.js satisfies ${JSON.stringify(text)} (${source} of package.json). Correct it, or set baseImage, such as "node:24-slim".`;
}

/** The lowest version of a major that satisfies the range: of a range with an upper bound it certainly exists. */
function lowestIn(range: string, major: number): semver.SemVer | undefined {
  const within = semver.validRange(range)?.split('||') ?? [];
  for (const part of within) {
    const lowest = semver.minVersion(part.trim() === '' ? '*' : part);
    const atLeast = lowest && lowest.major < major ? new semver.SemVer(`${major}.0.0`) : lowest;
    if (atLeast?.major === major && semver.satisfies(atLeast, range)) return atLeast;
  }
  return undefined;
}

/** The first line that is no comment: nvm allows comments. */
function firstLine(text: string | undefined): string | undefined {
  const lines = (text ?? '').split('\n').map((line) => (line.split('#')[0] ?? '').trim());
  return lines.find((line) => line !== '')?.slice(0, MAX_RANGE_CHARACTERS);
}

/** The version in a line `nodejs 24.1.0` of asdf, or `node 24` of mise. */
function toolVersion(text: string | undefined): string | undefined {
  for (const line of (text ?? '').split('\n')) {
    const [tool, first] = line.trim().split(/\s+/);
    if (tool === 'nodejs' || tool === 'node') return first;
  }
  return undefined;
}
