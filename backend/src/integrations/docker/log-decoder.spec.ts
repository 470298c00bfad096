import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { formatLine, LogDecoder, type LogLine } from './log-decoder.js';
import { readNewestLines } from './newest-lines.js';

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

const read = (bytes: Buffer, tail = 10): Promise<LogLine[]> => readNewestLines(Readable.from([bytes]), tail);
const text = async (bytes: Buffer, tail: number) => (await read(bytes, tail)).map(formatLine).join('');

describe('the log of a container', () => {
  it('must come without frame headers, in order of time', async () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.000000002Z zwei ü\n'),
      frame(2, '2026-01-01T00:00:00.000000001Z eins\n'),
    ]);
    expect(await text(bytes, 10)).toBe('2026-01-01T00:00:00.000Z eins\n2026-01-01T00:00:00.000Z zwei ü\n');
    expect(await text(bytes, 1)).toBe('2026-01-01T00:00:00.000Z zwei ü\n');
  });

  it('must join the frames of one long line', async () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.1Z begin'),
      frame(2, '2026-01-01T00:00:00.2Z other\n'),
      frame(1, '2026-01-01T00:00:00.3Z  end\n'),
    ]);
    expect((await read(bytes)).map((line) => line.text)).toEqual(['begin end', 'other']);
  });

  it('must cut a line without an end, and say so', async () => {
    const frames = Array.from({ length: 50 }, (_, index) =>
      frame(1, `2026-01-01T00:00:00.${index}Z ${'x'.repeat(16_000)}`),
    );
    const [line, next] = await read(
      Buffer.concat([...frames, frame(1, 'T end\n'), frame(1, '2026-01-02T00:00:00Z next\n')]),
    );
    expect(line?.text).toBe(`${'x'.repeat(16_384)} … (cut: the line is longer than 16 KiB)`);
    expect(next?.text).toBe('next');
  });

  it('must be the same wherever the chunks of a stream are cut', () => {
    const bytes = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.1Z a=1 eins\n'),
      frame(1, '2026-01-01T00:00:00.2Z a=2 zw'),
      frame(1, '2026-01-01T00:00:00.3Z a=1 drei\n'),
      frame(1, '2026-01-01T00:00:00.4Z a=2 ei ü\n'),
    ]);
    for (let size = 1; size < bytes.length; size++) {
      const decoder = new LogDecoder((payload) => ({ source: payload.slice(0, 3), text: payload.slice(4) }));
      const lines = [];
      for (let at = 0; at < bytes.length; at += size) lines.push(...decoder.push(bytes.subarray(at, at + size)));
      expect(lines.map((line) => line.text)).toEqual(['eins', 'drei', 'zwei ü']);
    }
  });

  it('must be read in pieces of which only the newest lines are kept', async () => {
    const log = Readable.from(
      (function* () {
        for (let index = 0; index < 30_000; index++)
          yield frame(1, `2026-01-01T00:00:00.${String(index).padStart(9, '0')}Z ${index} ${'x'.repeat(1000)}\n`);
      })(),
    );
    const lines = await readNewestLines(log, 10_000);
    expect(lines.at(-1)?.text).toMatch(/^29999 /);
    expect(lines.length).toBeGreaterThan(900);
    expect(lines.reduce((size, line) => size + line.text.length, 0)).toBeLessThanOrEqual(1_000_000);
  });

  it('must tolerate an incomplete frame', async () => {
    expect(await read(frame(1, '2026-01-01T00:00:00.1Z whole\n').subarray(0, 20))).toHaveLength(1);
    expect(await read(Buffer.alloc(3))).toEqual([]);
  });
});
