import { cutText } from '#src/common/cut-text.js';

const MESSAGE_LIMIT = 1900;
const MAX_SENTENCE = 900;
const MAX_LINE = 300;
const MAX_ADVICE = 500;

/** Builds a message of a sentence, as many whole lines from the end as fit, and the advice, if there is one. */
export function withLastLines(sentence: string, lines: string[], title: string, advice?: string): string {
  const head = `${cutText(sentence, MAX_SENTENCE)}\n${title}:\n`;
  const tail = advice === undefined ? '' : `\nAdvice: ${cutText(advice, MAX_ADVICE)}`;
  const shown: string[] = [];
  let remaining = MESSAGE_LIMIT - head.length - tail.length;
  for (const line of lines.toReversed()) {
    const cut = cutText(line, MAX_LINE);
    remaining -= cut.length + 1;
    if (remaining < 0) break;
    shown.unshift(cut);
  }
  return head + shown.join('\n') + tail;
}

export function printedNothing(sentence: string, advice?: string): string {
  return `${sentence.slice(0, MAX_SENTENCE)} It printed nothing.${advice === undefined ? '' : `\nAdvice: ${advice}`}`;
}
