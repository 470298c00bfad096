import { cutText } from '#src/common/cut-text.js';

export interface LogLine {
  /** RFC 3339 with nanoseconds, as Docker writes it; sortable as text. */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

const HEADER_BYTES = 8;
/** Of a line; Docker splits longer ones into frames of this size. */
const MAX_LINE_CHARACTERS = 16_384;
const CUT = ' … (cut: the line is longer than 16 KiB)';

/**
 * Decodes Docker's multiplexed stdout and stderr: frames of an 8-byte header (stream, 3 × 0, length as big-endian
 * uint32) and a payload that starts with a timestamp. A line longer than 16 KiB has several frames; only the last ends
 * in a newline. https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export class LogDecoder {
  private rest: Buffer = Buffer.alloc(0);
  private readonly open = new Map<string, LogLine>();

  /** `sourceOf` separates sources that are multiplexed in one stream: the frames of one line have the same source. */
  constructor(private readonly sourceOf: (text: string) => { source: string; text: string } = whole) {}

  /** Returns the lines that are complete so far; chunks may be cut anywhere. */
  push(chunk: Buffer): (LogLine & { source: string })[] {
    const bytes = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const lines: (LogLine & { source: string })[] = [];
    let offset = 0;
    while (offset + HEADER_BYTES <= bytes.length) {
      const end = offset + HEADER_BYTES + bytes.readUInt32BE(offset + 4);
      if (end > bytes.length) break;
      const stream = bytes[offset] === 2 ? 'stderr' : 'stdout';
      const { time, text: payload } = split(bytes.toString('utf8', offset + HEADER_BYTES, end));
      const { source, text } = this.sourceOf(payload);
      offset = end;
      const key = `${stream} ${source}`;
      const line = this.open.get(key) ?? { time, stream, text: '' };
      line.text = extended(line.text, text);
      if (text.endsWith('\n')) {
        this.open.delete(key);
        lines.push({ ...line, source });
      } else this.open.set(key, line);
    }
    this.rest = bytes.subarray(offset);
    return lines;
  }

  /** Returns the rest without a newline or with an incomplete frame. */
  end(): LogLine[] {
    if (this.rest.length > HEADER_BYTES) {
      const { time, text } = split(this.rest.toString('utf8', HEADER_BYTES));
      this.open.set('rest', { time, stream: this.rest[0] === 2 ? 'stderr' : 'stdout', text });
    }
    return [...this.open.values()];
  }
}

/** Appends a frame to a line up to its maximum. */
function extended(line: string, frame: string): string {
  if (line.endsWith(CUT)) return line;
  const end = frame.endsWith('\r\n') ? -2 : frame.endsWith('\n') ? -1 : undefined;
  const joined = line + frame.slice(0, end);
  return joined.length > MAX_LINE_CHARACTERS ? cutText(joined, MAX_LINE_CHARACTERS) + CUT : joined;
}

/** Formats a line for clients: `{time} {text}`, time in milliseconds. */
export function formatLine({ time, text }: LogLine): string {
  return `${milliseconds(time)} ${text}\n`;
}

export function milliseconds(time: string): string {
  return time.replace(/(\.\d{3})\d*Z$/, '$1Z');
}

function whole(text: string): { source: string; text: string } {
  return { source: '', text };
}

function split(payload: string): { time: string; text: string } {
  const space = payload.indexOf(' ');
  return { time: payload.slice(0, space), text: payload.slice(space + 1) };
}
