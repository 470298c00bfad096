import { Writer } from 'protobufjs/minimal.js';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { BuildProgress, type BuildLine } from './build-progress.js';
import { decodeBuildTrace } from './build-trace.js';

const vertex = (
  digest: string,
  name: string,
  state: { started?: boolean; completed?: boolean; cached?: boolean; error?: string } = {},
) => {
  const writer = protobuf.Writer.create().uint32(10).string(digest).uint32(26).string(name);
  if (state.cached) writer.uint32(32).bool(true);
  if (state.started) writer.uint32(42).bytes(new Uint8Array([8, 1]));
  if (state.completed) writer.uint32(50).bytes(new Uint8Array([8, 2]));
  if (state.error) writer.uint32(58).string(state.error);
  return { field: 10, bytes: writer.finish() };
};
const log = (digest: string, text: string, stream = 1) => ({
  field: 26,
  bytes: protobuf.Writer.create()
    .uint32(10)
    .string(digest)
    .uint32(24)
    .int64(stream)
    .uint32(34)
    .bytes(Buffer.from(text))
    .finish(),
});
const message = (...parts: { field: number; bytes: Uint8Array }[]) =>
  parts
    .reduce<Writer>((writer, { field, bytes }) => writer.uint32(field).bytes(bytes), protobuf.Writer.create())
    .finish();

describe('the progress of a build', () => {
  const journalOf = (...messages: Uint8Array[]) => {
    const lines: BuildLine[] = [];
    const journal = new BuildProgress((line) => lines.push(line), 3);
    for (const bytes of messages) journal.push(decodeBuildTrace(bytes));
    journal.end();
    return { journal, texts: lines.map(({ text }) => text), lines };
  };

  it('must have a heading for each step of the Dockerfile, whole lines below it, and count the steps', () => {
    const { journal, texts, lines } = journalOf(
      message(
        vertex('i', '[internal] load metadata', { started: true }),
        vertex('a', '[1/3] FROM x'),
        vertex('b', '[2/3] RUN make'),
      ),
      message(vertex('a', '[1/3] FROM x', { started: true, completed: true, cached: true })),
      message(vertex('b', '[2/3] RUN make', { started: true })),
      message(log('b', 'one\ntw'), log('b', 'oops\n', 2)),
      message(log('b', 'o\n10%\r20%\r30%\nlast')),
      message(vertex('c', '[build 3/3] RUN x')),
    );
    expect(texts).toEqual([
      '#2 [1/3] FROM x',
      '#2 CACHED',
      '#3 [2/3] RUN make',
      '#3 one',
      '#3 oops',
      '#3 two',
      '#3 30%',
      '#3 last',
    ]);
    expect(lines.find(({ text }) => text === '#3 oops')?.stream).toBe('stderr');
    expect(journal.steps).toEqual({ current: 2, total: 3 });
    expect(journal.failed).toBeUndefined();
  });

  it('must know which step failed, with its last output', () => {
    const { journal } = journalOf(
      message(vertex('b', '[2/3] RUN make', { started: true }), log('b', '1\n2\n3\n4\nno newline')),
      message(vertex('b', '[2/3] RUN make', { started: true, completed: true, error: 'exit code: 2' })),
    );
    expect(journal.failed).toEqual({ name: '[2/3] RUN make', error: 'exit code: 2', output: ['3', '4', 'no newline'] });
  });
});
