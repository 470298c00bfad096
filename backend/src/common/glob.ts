/**
 * Globs over names with `/`, matched without a regular expression: the time is at most the length of the name times that
 * of the glob, whatever they are.
 */
export interface Glob {
  tokens: Token[];
  /** Text before the first wildcard: names that do not begin with it need no matching. */
  prefix: string;
}

type Token =
  | { kind: 'text'; character: string }
  /** one character but `/` */
  | { kind: 'one'; ranges: [from: string, to: string][]; isNegated: boolean }
  /** any characters but `/` */
  | { kind: 'star' }
  /** any characters */
  | { kind: 'deep' }
  /** no folder, or any folders above what follows; the token after it is `inside` */
  | { kind: 'folders' }
  /** in the name of such a folder */
  | { kind: 'inside' };

export const MAX_GLOB_LENGTH = 128;
/** Braces, classes, escapes and extended globs of shells are no part of the language. */
const UNSUPPORTED = /[{}[\]\\]|^!|[!?*+@]\(/;

/** True for a glob that `parseGlob` understands as its author means it. */
export function isPathGlob(text: string): boolean {
  return text !== '' && text.length <= MAX_GLOB_LENGTH && !UNSUPPORTED.test(text);
}

const ANY_ONE: Token = { kind: 'one', ranges: [], isNegated: true };

/** Parses `*`, `**` and `?`; everything else stands for itself. */
export function parseGlob(pattern: string): Glob {
  return parse(pattern, false);
}

/** Parses a pattern of a .dockerignore, which also has `[a-z]`, and `\` before a character that stands for itself. */
export function parseDockerGlob(pattern: string): Glob {
  return parse(pattern, true);
}

/** True when the glob matches the name or, with `orParent`, a folder above it. */
export function matchesGlob({ tokens, prefix }: Glob, name: string, { orParent = false } = {}): boolean {
  if (!name.startsWith(prefix)) return false;
  const end = tokens.length;
  let active = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  active[prefix.length] = 1;
  skipOptional(tokens, active);
  for (let at = prefix.length; at < name.length; at++) {
    const character = name[at] ?? '';
    if (orParent && character === '/' && active[end]) return true;
    next.fill(0);
    let isAlive = false;
    for (let state = 0; state < end; state++)
      if (active[state] && advance(tokens[state], state, character, next)) isAlive = true;
    if (!isAlive) return false;
    skipOptional(tokens, next);
    [active, next] = [next, active];
  }
  return active[end] === 1;
}

/** Marks the states that follow `state` after this character; false when there is none. */
function advance(token: Token | undefined, state: number, character: string, next: Uint8Array): boolean {
  switch (token?.kind) {
    case 'text':
      return token.character === character && mark(next, state + 1);
    case 'one':
      return character !== '/' && isIn(token, character) && mark(next, state + 1);
    case 'star':
      return character !== '/' && mark(next, state);
    case 'deep':
      return mark(next, state);
    case 'inside':
      return character === '/' ? mark(next, state) && mark(next, state + 1) : mark(next, state);
    default:
      return false;
  }
}

/** What may match nothing also lets the state after it begin. */
function skipOptional(tokens: Token[], states: Uint8Array): void {
  for (let state = 0; state < tokens.length; state++) {
    if (!states[state]) continue;
    const kind = tokens[state]?.kind;
    if (kind === 'star' || kind === 'deep') states[state + 1] = 1;
    else if (kind === 'folders') states[state + 1] = states[state + 2] = 1;
  }
}

function mark(states: Uint8Array, index: number): true {
  states[index] = 1;
  return true;
}

function isIn({ ranges, isNegated }: Token & { kind: 'one' }, character: string): boolean {
  return ranges.some(([from, to]) => character >= from && character <= to) !== isNegated;
}

function parse(pattern: string, isDocker: boolean): Glob {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length;) at = parseToken(pattern, at, isDocker, tokens);
  const plain = tokens.findIndex(({ kind }) => kind !== 'text');
  const text = tokens.slice(0, plain < 0 ? tokens.length : plain);
  return { tokens, prefix: text.map((token) => (token.kind === 'text' ? token.character : '')).join('') };
}

/** Adds the token at a position. Returns the position after it. */
function parseToken(pattern: string, at: number, isDocker: boolean, tokens: Token[]): number {
  const character = pattern[at] ?? '';
  if (character === '*') return parseStars(pattern, at, tokens);
  if (character === '?') tokens.push(ANY_ONE);
  else if (isDocker && character === '[') {
    const end = pattern.indexOf(']', at + 2);
    if (end > 0) {
      tokens.push(classOf(pattern.slice(at + 1, end)));
      return end + 1;
    }
    tokens.push({ kind: 'text', character });
  } else if (isDocker && character === '\\' && at + 1 < pattern.length) {
    tokens.push({ kind: 'text', character: pattern[at + 1] ?? '' });
    return at + 2;
  } else tokens.push({ kind: 'text', character });
  return at + 1;
}

function parseStars(pattern: string, start: number, tokens: Token[]): number {
  let at = start;
  while (pattern[at] === '*') at++;
  const isDeep = at - start > 1;
  const last = tokens.at(-1)?.kind;
  if (!isDeep) tokens.push({ kind: 'star' });
  else if (at === pattern.length) tokens.push({ kind: 'deep' });
  else {
    if (pattern[at] === '/') at++;
    if (last !== 'inside') tokens.push({ kind: 'folders' }, { kind: 'inside' });
  }
  return at;
}

function classOf(text: string): Token {
  const isNegated = text.startsWith('^');
  const characters = [...text.slice(isNegated ? 1 : 0)];
  const ranges: [string, string][] = [];
  for (let at = 0; at < characters.length; at++) {
    const from = characters[at] ?? '';
    const isRange = characters[at + 1] === '-' && at + 2 < characters.length;
    ranges.push([from, isRange ? (characters[at + 2] ?? '') : from]);
    if (isRange) at += 2;
  }
  return { kind: 'one', ranges, isNegated };
}
