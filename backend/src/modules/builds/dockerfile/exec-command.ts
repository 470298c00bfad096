/** Characters that make more than one simple command, or change what `exec` would run. */
const OPERATORS = new Set(';&|<>()`\\#{}!');
/** Words of the shell that are no programs. */
const NOT_A_PROGRAM = new Set(
  '. : [ [[ alias bg break case cd continue do done elif else esac eval exec exit export fg fi for function getopts hash if jobs local read readonly return set shift source test then times trap type typeset ulimit umask unalias unset until wait while'.split(
    ' ',
  ),
);
const PRINTABLE = /^[\t -~]*$/;
const ASSIGNMENT = /^[A-Za-z_]\w*=/;
const NAME_START = /^[A-Za-z_]/;

/**
 * Makes a single program replace the shell, so that it receives the stop signal: `A=1 node x.js --port $PORT` becomes
 * `A=1 exec node x.js --port $PORT`. Anything else is left to the shell.
 */
export function withExec(command: string): string {
  if (!PRINTABLE.test(command)) return command;
  const words = wordsOf(command);
  const program = words?.find(({ text }) => !ASSIGNMENT.test(text));
  if (!program || NOT_A_PROGRAM.has(program.text)) return command;
  return `${command.slice(0, program.at)}exec ${command.slice(program.at)}`;
}

interface Word {
  text: string;
  at: number;
}

/** The words of a simple command; undefined for anything that is more. */
function wordsOf(command: string): Word[] | undefined {
  const words: Word[] = [];
  let word: Word | undefined;
  for (let at = 0; at < command.length;) {
    const character = command[at] ?? '';
    if (character === ' ' || character === '\t') {
      word = undefined;
      at++;
      continue;
    }
    const end = endOfPart(command, at);
    if (end === undefined) return undefined;
    if (!word) words.push((word = { text: '', at }));
    word.text += command.slice(at, end);
    at = end;
  }
  return words;
}

/** Position after a character, a quoted text or a variable; undefined for an operator of the shell. */
function endOfPart(command: string, at: number): number | undefined {
  const character = command[at] ?? '';
  if (character === "'") return after(command, "'", at + 1);
  if (character === '"') {
    const end = after(command, '"', at + 1);
    return end !== undefined && isPlainQuoted(command.slice(at + 1, end - 1)) ? end : undefined;
  }
  if (character === '$') return endOfVariable(command, at);
  return OPERATORS.has(character) ? undefined : at + 1;
}

/** `$NAME`, `${NAME}` or `${NAME:-plain}`. */
function endOfVariable(command: string, at: number): number | undefined {
  if (command[at + 1] !== '{') return NAME_START.test(command.slice(at + 1, at + 2)) ? at + 1 : undefined;
  const end = after(command, '}', at + 2);
  return end !== undefined && /^[\w:=+?./-]+$/.test(command.slice(at + 2, end - 1)) ? end : undefined;
}

function isPlainQuoted(text: string): boolean {
  return !/[`\\]|\$\(/.test(text);
}

function after(command: string, end: string, from: number): number | undefined {
  const at = command.indexOf(end, from);
  return at < 0 ? undefined : at + 1;
}
