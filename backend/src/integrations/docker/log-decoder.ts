export interface LogLine {
  /** RFC 3339 as Docker wrote it, nanoseconds included; sorts as text */
  time: string;
  stream: 'stdout' | 'stderr';
  text: string;
}

const HEADER_BYTES = 8;

/**
 * Docker multiplexes stdout and stderr: frames of an 8-byte header (stream, 3 × 0, length as big-endian uint32) and a payload, each beginning
 * with a timestamp. A line longer than 16 KiB comes in several frames, only the last of which ends in a newline.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export function decodeLog(bytes: Buffer): LogLine[] {
  const lines: LogLine[] = [];
  const open: Partial<Record<LogLine['stream'], LogLine>> = {};
  for (let offset = 0; offset + HEADER_BYTES <= bytes.length;) {
    const length = bytes.readUInt32BE(offset + 4);
    const stream = bytes[offset] === 2 ? 'stderr' : 'stdout';
    const payload = bytes.toString('utf8', offset + HEADER_BYTES, offset + HEADER_BYTES + length);
    offset += HEADER_BYTES + length;
    const { time, text } = split(payload);
    const line = open[stream] ?? { time, stream, text: '' };
    line.text += text.replace(/\r?\n$/, '');
    if (!open[stream]) lines.push(line);
    open[stream] = text.endsWith('\n') ? undefined : line;
  }
  return lines;
}

/** The lines of several containers as one text, in order of time, `{time} {text}` each, the last `tail` of them. */
export function mergeLogs(lines: LogLine[], tail: number): string {
  const ordered = lines
    .map((line, index) => ({ line, index }))
    .sort((a, b) => compare(a.line.time, b.line.time) || a.index - b.index);
  return ordered
    .slice(-tail)
    .map(({ line }) => `${milliseconds(line.time)} ${line.text}\n`)
    .join('');
}

function split(payload: string): { time: string; text: string } {
  const space = payload.indexOf(' ');
  return { time: payload.slice(0, space), text: payload.slice(space + 1) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function milliseconds(time: string): string {
  return time.replace(/(\.\d{3})\d*Z$/, '$1Z');
}
