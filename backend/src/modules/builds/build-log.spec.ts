import { describe, expect, it } from 'vitest';
import { decodeLogLine } from '#src/modules/deployments/logs/log-line-codec.js';
import { BuildLogWriter, MAX_LOG_CHARACTERS } from './build-log.js';

function writer({ parts = 0, size = 0, secrets = [] as string[] } = {}) {
  const written: { part: number; lines: ReturnType<typeof decodeLogLine>[] }[] = [];
  const log = new BuildLogWriter({ parts, size }, secrets, (part, content) => {
    written.push({ part, lines: content.split('\n').map(decodeLogLine) });
    return Promise.resolve();
  });
  const texts = () => written.flatMap(({ lines }) => lines.map(({ text }) => text));
  return { log, written, texts };
}

describe('the log of a build', () => {
  it('must keep every line in order, each with a time of its own, in few parts', async () => {
    const { log, written, texts } = writer({ parts: 7 });
    for (let line = 0; line < 1000; line++) log.add(`line ${line}`, line % 2 ? 'stderr' : 'stdout');
    await log.end();
    expect(texts()).toEqual(Array.from({ length: 1000 }, (_, line) => `line ${line}`));
    const times = written.flatMap(({ lines }) => lines.map(({ time }) => time));
    expect(new Set(times).size).toBe(1000);
    expect([...times].sort()).toEqual(times);
    expect(written[0]?.part).toBe(8);
    const [first, second] = written[0]?.lines ?? [];
    expect([first?.stream, second?.stream, first?.taskId]).toEqual(['stdout', 'stderr', 'build']);
    expect(written.length).toBeLessThan(5);
  });

  it('must write a line without waiting for more', async () => {
    const { log, texts } = writer();
    log.add('alone');
    await expect.poll(texts, { timeout: 2000 }).toEqual(['alone']);
  });

  it('must never contain a secret', async () => {
    const { log, texts } = writer({ secrets: ['s3cret'] });
    log.add('https://x:s3cret@host/ s3cret');
    await log.end();
    expect(texts()).toEqual(['https://x:***@host/ ***']);
  });

  it('must say once that it is cut at 10 MB, and add no line after that, also after a restart', async () => {
    const { log, texts } = writer({ size: MAX_LOG_CHARACTERS - 200 });
    for (let line = 0; line < 100; line++) log.add('x'.repeat(50));
    await log.end();
    expect(texts().at(-1)).toBe('The log is cut here: it has reached 10 MB.');
    expect(texts().filter((text) => text.startsWith('The log is cut'))).toHaveLength(1);
    const again = writer({ size: MAX_LOG_CHARACTERS });
    again.log.add('more');
    await again.log.end();
    expect(again.texts()).toEqual([]);
  });
});
