/** An instruction of a Dockerfile, with continued lines joined and without the bodies of its here-documents. */
export interface Instruction {
  /** upper case; of `ONBUILD X` it is X */
  name: string;
  /** what follows the name */
  text: string;
}

const WITH_HEREDOCS = new Set(['RUN', 'COPY', 'ADD']);
/** As BuildKit: the word begins with `<<`, perhaps after the number of a file descriptor. */
const HEREDOC = /^\d{0,9}<<(-?)(["']?)([A-Za-z0-9_.-]{1,200})\2$/;

/**
 * Splits a Dockerfile into instructions, in time linear in its length. The grammar is that of BuildKit:
 * https://github.com/moby/buildkit/tree/master/frontend/dockerfile/parser
 */
export function instructionsOf(text: string): Instruction[] {
  const lines = linesOf(text);
  const found: Instruction[] = [];
  for (let at = 0; at < lines.length;) {
    const joined: string[] = [];
    for (let continues = true; continues && at < lines.length; at++) {
      const line = lines[at] ?? '';
      if (line.trimStart().startsWith('#') || (joined.length > 0 && line.trim() === '')) continue;
      const end = withoutEnd(line, ' \t');
      // Two backslashes are one that is escaped.
      continues = end.endsWith('\\') && end.at(-2) !== '\\';
      joined.push(continues ? end.slice(0, -1) : line);
    }
    const instruction = instructionOf(joined.join('').trim());
    if (!instruction) continue;
    found.push(instruction);
    if (WITH_HEREDOCS.has(instruction.name)) at = afterHeredocs(instruction.text, lines, at);
  }
  return found;
}

/**
 * The values of a parser directive (`# syntax=…`, `// syntax=…`) among the comments before the first instruction. More
 * than BuildKit takes for one: it ends at the first other comment.
 */
export function directivesOf(text: string, name: string): string[] {
  const values: string[] = [];
  for (const line of linesOf(text)) {
    const [, comment] = /^\s*(?:#|\/\/)(.*)$/.exec(line) ?? [];
    if (comment === undefined && line.trim() !== '') break;
    const equals = comment?.indexOf('=') ?? -1;
    if (comment?.slice(0, equals).trim().toLowerCase() === name) values.push(comment.slice(equals + 1).trim());
  }
  return values;
}

/** Splits at white space outside quotes; quotes and escapes stay. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (quote === '' && /\s/.test(character)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += character;
    if (character === '\\' && quote !== "'") word += text[++at] ?? '';
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
  }
  return word === '' ? words : [...words, word];
}

function linesOf(text: string): string[] {
  // Go takes U+0085 for white space, JavaScript does not.
  const lines = text.replace(/^\uFEFF/, '').replaceAll('\u0085', ' ');
  return lines.split('\n').map((line) => withoutEnd(line, '\r'));
}

function withoutEnd(line: string, characters: string): string {
  let end = line.length;
  while (end > 0 && characters.includes(line[end - 1] ?? '')) end--;
  return line.slice(0, end);
}

function instructionOf(line: string): Instruction | undefined {
  const space = line.search(/\s/);
  const name = (space < 0 ? line : line.slice(0, space)).toUpperCase();
  const text = space < 0 ? '' : line.slice(space).trim();
  if (name === 'ONBUILD') return instructionOf(text);
  return name === '' ? undefined : { name, text };
}

/** The line after the bodies of the here-documents that an instruction opens. */
function afterHeredocs(text: string, lines: string[], at: number): number {
  for (const word of wordsOf(text)) {
    const [, tabs, , end] = HEREDOC.exec(word) ?? [];
    if (end === undefined) continue;
    const isEnd = (line: string) => (tabs === '-' ? line.replace(/^\t+/, '') : line) === end;
    while (at < lines.length && !isEnd(lines[at] ?? '')) at++;
    at++;
  }
  return at;
}
