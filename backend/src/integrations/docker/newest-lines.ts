import type { Readable } from 'node:stream';
import { LogDecoder, type LogLine } from './log-decoder.js';

/** Of all lines of one answer. Older lines are left out. */
const MAX_CHARACTERS = 1_000_000;

/** Reads a log while it arrives and keeps its newest lines: the whole log may have 30 MB. */
export async function readNewestLines(log: Readable, tail: number): Promise<LogLine[]> {
  const decoder = new LogDecoder();
  let kept: LogLine[] = [];
  let characters = 0;
  for await (const chunk of log) {
    for (const { time, stream, text } of decoder.push(chunk as Buffer)) {
      kept.push({ time, stream, text });
      characters += text.length;
    }
    if (kept.length > 2 * tail || characters > 2 * MAX_CHARACTERS) {
      kept = newestLines(kept, tail);
      characters = sizeOf(kept);
    }
  }
  return newestLines([...kept, ...decoder.end()], tail);
}

/** The newest of these lines, in order of time: at most `tail`, and as many as fit into one answer. */
export function newestLines<T extends LogLine>(lines: T[], tail: number): T[] {
  const newest = lines.toSorted((a, b) => compare(a.time, b.time)).slice(-tail);
  let left = MAX_CHARACTERS;
  const tooOld = newest.findLastIndex(({ text }) => (left -= text.length) < 0);
  return newest.slice(tooOld + 1);
}

function sizeOf(lines: LogLine[]): number {
  return lines.reduce((size, { text }) => size + text.length, 0);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
