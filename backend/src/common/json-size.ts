import type { FieldError } from './errors/domain-error.js';

export interface JsonLimits {
  depth: number;
  namesPerObject: number;
  names: number;
  elementsPerList: number;
  /** names, elements, objects and lists */
  values: number;
  nameBytes: number;
}

/** Above what any request needs: a deployment may have 500 environment variables and 100 arguments of a command. */
export const REQUEST_LIMITS: JsonLimits = {
  depth: 32,
  namesPerObject: 500,
  names: 2000,
  elementsPerList: 1000,
  values: 20_000,
  nameBytes: 1024,
};

/** Of a webhook that is parsed at once. What exceeds it is parsed in a thread. */
export const WEBHOOK_LIMITS: JsonLimits = {
  ...REQUEST_LIMITS,
  names: 50_000,
  elementsPerList: 10_000,
  values: 100_000,
};

/**
 * Of any webhook: GitHub lists up to 2048 commits with the files of each. What it allows fits into the memory of a
 * thread: one that exceeds its memory within JSON.parse would end the whole process.
 */
export const LARGE_WEBHOOK_LIMITS: JsonLimits = {
  ...REQUEST_LIMITS,
  names: 200_000,
  elementsPerList: 500_000,
  values: 1_000_000,
};

const MAX_SHOWN_BYTES = 100;
const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OBJECT, LIST, OBJECT_END, LIST_END] = [0x7b, 0x5b, 0x7d, 0x5d];

interface Level {
  isList: boolean;
  /** names or elements so far */
  count: number;
  /** position of the last name, with its quotes */
  name: [start: number, end: number];
}

/**
 * The first limit that a JSON text exceeds, without parsing it: V8 takes more than a second for 1 MiB of nested lists,
 * and half a second for 100,000 different names. One pass over the bytes; malformed text is left to JSON.parse.
 */
export function exceededLimit(json: Uint8Array, limits: JsonLimits): FieldError | undefined {
  const levels: Level[] = [];
  const total = { names: 0, values: 0 };
  let text: Level['name'] = [0, 0];
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    const level = levels.at(-1);
    if (byte === QUOTE) {
      text = [at, endOfString(json, at)];
      at = text[1] - 1;
    } else if (byte === OBJECT || byte === LIST) {
      levels.push({ isList: byte === LIST, count: byte === LIST ? 1 : 0, name: [0, 0] });
      total.values++;
    } else if (byte === OBJECT_END || byte === LIST_END) levels.pop();
    else if (level && byte === (level.isList ? COMMA : COLON)) {
      level.count++;
      total.values++;
      if (!level.isList) [level.name, total.names] = [text, total.names + 1];
    } else continue;
    const problem = problemOf(levels, total, limits);
    if (problem) return { path: pathOf(json, levels, problem.isOfParent), message: problem.message };
  }
  return undefined;
}

/** Position after the closing quote. */
function endOfString(json: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function problemOf(
  levels: Level[],
  total: { names: number; values: number },
  limits: JsonLimits,
): { message: string; isOfParent: boolean } | undefined {
  const parent = (message: string) => ({ message, isOfParent: true });
  if (levels.length > limits.depth) return parent(`must not be nested deeper than ${limits.depth} levels`);
  const level = levels.at(-1);
  if (!level) return undefined;
  const { isList, count, name } = level;
  if (isList && count > limits.elementsPerList) return parent(`must have at most ${limits.elementsPerList} elements`);
  if (!isList && count > limits.namesPerObject) return parent(`must have at most ${limits.namesPerObject} names`);
  if (name[1] - name[0] > limits.nameBytes)
    return { message: `must have a name of at most ${limits.nameBytes} bytes`, isOfParent: false };
  if (total.names > limits.names) return parent(`must not bring the body above ${limits.names} names altogether`);
  if (total.values > limits.values) return parent(`must not bring the body above ${limits.values} values altogether`);
  return undefined;
}

function pathOf(json: Uint8Array, levels: Level[], isOfParent: boolean): string {
  const shown = isOfParent ? levels.slice(0, -1) : levels;
  return shown.map(({ isList, count, name }) => (isList ? String(count - 1) : nameOf(json, name))).join('.') || 'body';
}

function nameOf(json: Uint8Array, [start, end]: Level['name']): string {
  const raw = Buffer.from(json.subarray(start + 1, Math.min(end - 1, start + 1 + MAX_SHOWN_BYTES))).toString('utf8');
  return raw.replaceAll('\0', '');
}
