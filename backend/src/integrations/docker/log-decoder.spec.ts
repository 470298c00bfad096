import { describe, expect, it } from 'vitest';
import { decodeLog, mergeLogs } from './log-decoder.js';

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

describe('the log of a container', () => {
  it('must come without frame headers, in order of time', () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.000000002Z zwei ü\n'),
      frame(2, '2026-01-01T00:00:00.000000001Z eins\n'),
    ]);
    expect(mergeLogs(decodeLog(bytes), 10)).toBe('2026-01-01T00:00:00.000Z eins\n2026-01-01T00:00:00.000Z zwei ü\n');
    expect(mergeLogs(decodeLog(bytes), 1)).toBe('2026-01-01T00:00:00.000Z zwei ü\n');
  });

  it('must join the frames of one long line', () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.1Z begin'),
      frame(2, '2026-01-01T00:00:00.2Z other\n'),
      frame(1, '2026-01-01T00:00:00.3Z  end\n'),
    ]);
    expect(decodeLog(bytes).map(({ text }) => text)).toEqual(['begin end', 'other']);
  });

  it('must bear a frame that was cut off', () => {
    expect(decodeLog(frame(1, '2026-01-01T00:00:00.1Z whole\n').subarray(0, 20))).toHaveLength(1);
    expect(decodeLog(Buffer.alloc(3))).toEqual([]);
  });
});
