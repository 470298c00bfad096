import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The messages of an answer that goes on, one a line, until it ends, breaks, or the signal aborts; which of these it was, the caller sees. */
export async function* jsonLines<T>(stream: Readable, signal: AbortSignal): AsyncGenerator<T> {
  const lines = createInterface({ input: stream });
  // It would wait for ever for the end of a stream that was destroyed.
  const stop = () => {
    lines.close();
    stream.destroy();
  };
  stream.once('error', stop).once('close', stop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (signal.aborted) return;
    for await (const line of lines) yield JSON.parse(line) as T;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
