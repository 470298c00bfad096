import { exceededLimit, WEBHOOK_LIMITS } from '#src/common/json-size.js';
import { runInThread, ThreadLimitError } from '#src/common/run-in-thread.js';
import { parsePush, type Push } from './push-event.js';

/** undefined: no push to a branch; a refusal when it is not a JSON object or list. */
export type PushResult = { push: Push | undefined } | { refusal: string };

/** What is parsed at once; V8 takes some 10 ms for it. */
const MAX_INLINE_BYTES = 2 ** 20;
const TIMEOUT_MS = 10_000;
const MAX_MEMORY_MB = 384;

/**
 * Parses the JSON of a delivery. A large one, and one that V8 takes long for, is parsed in a thread: 25 MB would block
 * the event loop for a quarter of a second, and nested lists for much longer.
 */
export async function parseDelivery(parts: Buffer[]): Promise<PushResult> {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  const json = Buffer.concat(parts, bytes);
  if (bytes <= MAX_INLINE_BYTES && !exceededLimit(json, WEBHOOK_LIMITS)) return readPush(json);
  // A copy of its own: small buffers share memory, which cannot be given away.
  const given = new Uint8Array(json);
  const limits = { timeoutMs: TIMEOUT_MS, maxMemoryMb: MAX_MEMORY_MB, transfer: [given.buffer] };
  try {
    return await runInThread<PushResult>(new URL('./push-thread.js', import.meta.url), given, limits);
  } catch (error) {
    if (!(error instanceof ThreadLimitError)) throw error;
    return { refusal: `The delivery takes more than ${TIMEOUT_MS / 1000} s or ${MAX_MEMORY_MB} MiB to parse.` };
  }
}

export function readPush(json: Buffer): PushResult {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(json));
    if (typeof value === 'object' && value !== null) return { push: parsePush(value) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { refusal: 'The delivery holds no JSON object.' };
}
