import { type Glob, globOf, type Token } from '#src/common/glob.js';

/** Why a pattern is refused: the end of a sentence that begins with the pattern. */
export class IgnorePatternError extends Error {}

/**
 * Parses a cleaned pattern of a .dockerignore into what moby's patternmatcher compiles it to:
 * https://github.com/moby/patternmatcher/blob/main/patternmatcher.go. Throws IgnorePatternError where Go's
 * filepath.Match reports ErrBadPattern.
 */
export function parseIgnorePattern(pattern: string): Glob {
  const characters = [...pattern];
  const tokens: Token[] = [];
  // Only here are leading stars no folders: `**.log` is what ends in .log.
  const isSuffix =
    pattern.startsWith('**') && !/[/*?[\]\\]/.test(characters[2] ?? '/') && !/[*?[\]\\]/.test(pattern.slice(2));
  if (isSuffix) return globOf([{ kind: 'deep' }, ...characters.slice(2).map(textOf)]);
  for (let at = 0; at < characters.length;) at = parseToken(characters, at, tokens);
  return globOf(tokens);
}

/** Adds what is at a position. Returns the position after it. */
function parseToken(characters: string[], at: number, tokens: Token[]): number {
  const character = characters[at] ?? '';
  switch (character) {
    case '*':
      return characters[at + 1] === '*' ? parseDeep(characters, at + 2, tokens) : add(tokens, { kind: 'star' }, at + 1);
    case '?':
      return add(tokens, { kind: 'one' }, at + 1);
    case '[':
      return parseClass(characters, at + 1, tokens);
    case '\\':
      return add(tokens, textOf(escaped(characters, at)), at + 2);
    default:
      return add(tokens, textOf(character), at + 1);
  }
}

/** `**` at the end is anything, elsewhere no folder or any folders; a `/` after it belongs to it. */
function parseDeep(characters: string[], after: number, tokens: Token[]): number {
  const at = characters[after] === '/' ? after + 1 : after;
  if (at >= characters.length) return add(tokens, { kind: 'deep' }, at);
  if (tokens.at(-1)?.kind !== 'inside') tokens.push({ kind: 'folders' }, { kind: 'inside' });
  return at;
}

/** `[a-c]`, `[^a-c]`; `\` escapes, and `]` and `-` must be escaped. */
function parseClass(characters: string[], start: number, tokens: Token[]): number {
  const isNegated = characters[start] === '^';
  const ranges: [number, number][] = [];
  let at = isNegated ? start + 1 : start;
  while (ranges.length === 0 || characters[at] !== ']') {
    const from = memberAt(characters, at);
    at = from.end;
    if (characters[at] !== '-') {
      ranges.push([from.code, from.code]);
      continue;
    }
    const to = memberAt(characters, at + 1);
    at = to.end;
    ranges.push([from.code, to.code]);
  }
  return add(tokens, { kind: 'class', ranges, isNegated }, at + 1);
}

function memberAt(characters: string[], at: number): { code: number; end: number } {
  const character = characters[at];
  if (character === undefined) throw new IgnorePatternError('has a [ without ]');
  if (character === ']' || character === '-')
    throw new IgnorePatternError(`has ${character} in [ ] where a character is expected: escape it with a backslash`);
  if (character !== '\\') return { code: character.codePointAt(0) ?? 0, end: at + 1 };
  return { code: escaped(characters, at).codePointAt(0) ?? 0, end: at + 2 };
}

function escaped(characters: string[], at: number): string {
  const character = characters[at + 1];
  if (character === undefined) throw new IgnorePatternError('ends in a backslash');
  return character;
}

function textOf(character: string): Token {
  return { kind: 'text', character };
}

function add(tokens: Token[], token: Token, end: number): number {
  tokens.push(token);
  return end;
}
