import { cutText } from '#src/common/cut-text.js';

const MESSAGE_LIMIT = 1900;
const MAX_SENTENCE = 900;
const MAX_LINE = 300;

/** Builds a message of a sentence and as many whole lines from the end as fit. */
export function withLastLines(sentence: string, lines: string[], title: string): string {
  const head = `${cutText(sentence, MAX_SENTENCE)}\n${title}:\n`;
  const shown: string[] = [];
  let remaining = MESSAGE_LIMIT - head.length;
  for (const line of lines.toReversed()) {
    const cut = cutText(line, MAX_LINE);
    remaining -= cut.length + 1;
    if (remaining < 0) break;
    shown.unshift(cut);
  }
  return head + shown.join('\n');
}
