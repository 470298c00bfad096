import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * Yields the messages of a streamed response, one per line, until it ends, breaks, or the signal aborts; the caller
 * distinguishes these.
 */
export async function* jsonLines<T>(stream: Readable, signal: AbortSignal): AsyncGenerator<T> {
  const lines = createInterface({ input: stream });
  // The loop would wait forever for the end of a destroyed stream.
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
