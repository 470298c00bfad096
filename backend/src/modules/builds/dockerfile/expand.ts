/** Values of `ARG` and `ENV` by name. */
export type Variables = ReadonlyMap<string, string>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}/;
const MAX_DEPTH = 10;

/**
 * Expands `$X`, `${X}`, `${X:-default}` and `${X:+value}` and removes quotes and escapes, as a Dockerfile does.
 * Undefined when a variable has no value here, or has another form.
 */
export function expand(text: string, variables: Variables, depth = 0): string | undefined {
  let result = '';
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '$' && quote !== "'") {
      const found = variableAt(text, at + 1, variables, depth);
      if (found?.value === undefined) return undefined;
      result += found.value;
      at = found.end - 1;
    } else if (character === '\\' && quote !== "'") result += text[++at] ?? '';
    else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) quote = character;
    else result += character;
  }
  return result;
}

function variableAt(
  text: string,
  at: number,
  variables: Variables,
  depth: number,
): { value: string | undefined; end: number } | undefined {
  const isBraced = text[at] === '{';
  const start = isBraced ? at + 1 : at;
  const [name] = NAME.exec(text.slice(start, start + 256)) ?? [];
  if (name === undefined || depth > MAX_DEPTH) return undefined;
  const value = variables.get(name);
  if (!isBraced) return { value, end: start + name.length };
  const end = closingBrace(text, start);
  if (end === undefined) return undefined;
  const [, operator, word] = /^(:?[-+])([^]*)$/.exec(text.slice(start + name.length, end)) ?? [];
  if (operator === undefined || word === undefined)
    return { value: start + name.length === end ? value : undefined, end: end + 1 };
  const isSet = operator.startsWith(':') ? Boolean(value) : value !== undefined;
  const alternative = () => expand(word, variables, depth + 1);
  if (operator.endsWith('-')) return { value: isSet ? value : alternative(), end: end + 1 };
  return { value: isSet ? alternative() : '', end: end + 1 };
}

/** Index of the brace that closes the one before `start`. */
function closingBrace(text: string, start: number): number | undefined {
  let open = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '{') open++;
    if (text[at] === '}' && --open === 0) return at;
  }
  return undefined;
}
