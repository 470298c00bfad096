/**
 * Globs over names with `/`, matched without a regular expression: the time is at most the length of the name times that
 * of the glob, whatever they are.
 */
export interface Glob {
  tokens: Token[];
  /** Text before the first wildcard: names that do not begin with it need no matching. */
  prefix: string;
  /** Its length in characters. */
  prefixLength: number;
}

/** A character is a code point, so that `?` also matches an emoji. */
export type Token =
  | { kind: 'text'; character: string }
  /** one character but `/` */
  | { kind: 'one' }
  /** one character of these ranges, or none of them; as in Go it may be `/` */
  | { kind: 'class'; ranges: [from: number, to: number][]; isNegated: boolean }
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

/** Parses `*`, `**` and `?`; everything else stands for itself. */
export function parseGlob(pattern: string): Glob {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length;) {
    const character = characters[at] ?? '';
    if (character === '*') {
      at = parseStars(characters, at, tokens);
      continue;
    }
    tokens.push(character === '?' ? { kind: 'one' } : { kind: 'text', character });
    at++;
  }
  return globOf(tokens);
}

export function globOf(tokens: Token[]): Glob {
  const plain = tokens.findIndex(({ kind }) => kind !== 'text');
  const text = tokens.slice(0, plain < 0 ? tokens.length : plain);
  const prefix = text.map((token) => (token.kind === 'text' ? token.character : '')).join('');
  return { tokens, prefix, prefixLength: text.length };
}

/** True when the glob matches the name or, with `orParent`, a folder above it. */
export function matchesGlob({ tokens, prefix, prefixLength }: Glob, name: string, { orParent = false } = {}): boolean {
  if (!name.startsWith(prefix)) return false;
  const end = tokens.length;
  let active = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  active[prefixLength] = 1;
  skipOptional(tokens, active);
  for (const character of name.slice(prefix.length)) {
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
      return character !== '/' && mark(next, state + 1);
    case 'class':
      return isIn(token, character.codePointAt(0) ?? 0) && mark(next, state + 1);
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

function isIn({ ranges, isNegated }: Token & { kind: 'class' }, character: number): boolean {
  return ranges.some(([from, to]) => character >= from && character <= to) !== isNegated;
}

/** Returns the position after the stars, and after a `/` that belongs to them. */
function parseStars(characters: string[], start: number, tokens: Token[]): number {
  let at = start;
  while (characters[at] === '*') at++;
  const isDeep = at - start > 1;
  const last = tokens.at(-1)?.kind;
  if (!isDeep) tokens.push({ kind: 'star' });
  else if (at === characters.length) tokens.push({ kind: 'deep' });
  else {
    if (characters[at] === '/') at++;
    if (last !== 'inside') tokens.push({ kind: 'folders' }, { kind: 'inside' });
  }
  return at;
}
