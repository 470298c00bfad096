import type { JSX } from 'preact';
import { visible } from './text.js';

/** ECMA-48 control sequences; the first group has the parameters of those that set colors. */
// eslint-disable-next-line no-control-regex -- the escape character begins them
const SEQUENCE = /\u001b(?:\[([\d;]*)m|\[[\d;?]*[A-Za-ln-z]|\][^\u0007\u001b]*(?:\u0007|\u001b\\))/g;

/** A line of a log: colors and weight as classes, everything else as text. */
export function AnsiText({ text }: { text: string }) {
  if (!text.includes('\u001b')) return <>{visible(text)}</>;
  const parts: JSX.Element[] = [];
  let classes = new Set<string>();
  let from = 0;
  const push = (to: number): void => {
    if (to > from)
      parts.push(
        <span key={from} class={[...classes].join(' ')}>
          {visible(text.slice(from, to))}
        </span>,
      );
  };
  for (const match of text.matchAll(SEQUENCE)) {
    push(match.index);
    from = match.index + match[0].length;
    if (match[1] !== undefined) classes = applied(classes, match[1].split(';').map(Number));
  }
  push(text.length);
  return <>{parts}</>;
}

/** 1 is bold, 30 to 37 and 90 to 97 are colors, 39 the usual one, 0 ends all. Others change nothing here. */
function applied(before: Set<string>, codes: number[]): Set<string> {
  let classes = new Set(before);
  for (const code of codes) {
    const color = code >= 90 && code <= 97 ? code - 60 : code;
    if (code === 0) classes = new Set();
    else if (code === 1) classes.add('bold');
    else if (code === 22) classes.delete('bold');
    else if (color >= 30 && color <= 39) {
      classes = new Set([...classes].filter((name) => !name.startsWith('ansi-')));
      if (color < 38) classes.add(`ansi-${color - 30}`);
    }
  }
  return classes;
}
