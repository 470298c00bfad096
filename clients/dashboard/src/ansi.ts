import { visible } from './text.js';

/** ECMA-48 control sequences; the first group has the parameters of those that set colors. */
// eslint-disable-next-line no-control-regex -- the escape character begins them
const SEQUENCE = /\u001b(?:\[([\d;]*)m|\[[\d;?]*[A-Za-ln-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** A part of a line and the classes of its look. */
export interface StyledText {
  text: string;
  classes: string[];
}

/** Splits a line of a log at its colors and weights. Other sequences are dropped, everything else is text. */
export function styledParts(line: string): StyledText[] {
  if (!line.includes('\u001b')) return [{ text: visible(line), classes: [] }];
  const parts: StyledText[] = [];
  let classes: string[] = [];
  let from = 0;
  const push = (to: number): void => {
    if (to > from) parts.push({ text: visible(line.slice(from, to)), classes });
  };
  for (const match of line.matchAll(SEQUENCE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) classes = match[1].split(';').map(Number).reduce(applied, classes);
  }
  push(line.length);
  return parts;
}

/** 1 is bold, 30 to 37 and 90 to 97 are colors, 39 the usual one, 0 ends all. Others change nothing here. */
function applied(classes: string[], code: number): string[] {
  if (code === 0) return [];
  if (code === 1) return [...classes, 'bold'];
  if (code === 22) return classes.filter((name) => name !== 'bold');
  const color = (code >= 90 ? code - 60 : code) - 30;
  if (color < 0 || color > 9 || color === 8) return classes;
  const rest = classes.filter((name) => !name.startsWith('ansi-'));
  return color === 9 ? rest : [...rest, `ansi-${color}`];
}
