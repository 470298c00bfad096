import { exceededLimit, LARGE_WEBHOOK_LIMITS, WEBHOOK_LIMITS } from '#src/common/json-size.js';
import { ThreadLimitError, withThread } from '#src/common/with-thread.js';
import { parsePush, type Push } from './push-event.js';

/** undefined: no push to a branch; a refusal when it is not a JSON object or list. */
export type PushResult = { push: Push | undefined } | { refusal: string };

/** What is parsed at once; V8 takes some 10 ms for it. */
const MAX_INLINE_BYTES = 2 ** 20;
const TIMEOUT_MS = 10_000;
const MAX_MEMORY_MB = 512;

/**
 * Parses the JSON of a delivery. A large one, and one that V8 takes long for, is parsed in a thread: 25 MB would block
 * the event loop for a quarter of a second.
 */
export async function parseDelivery(parts: Buffer[]): Promise<PushResult> {
  const json = joined(parts);
  if (json.length <= MAX_INLINE_BYTES && !exceededLimit(json, WEBHOOK_LIMITS)) return readPush(json);
  const limits = { timeoutMs: TIMEOUT_MS, maxMemoryMb: MAX_MEMORY_MB };
  try {
    return await withThread(new URL('./push-thread.js', import.meta.url), limits, (run) =>
      run<PushResult>(json, [json.buffer]),
    );
  } catch (error) {
    if (!(error instanceof ThreadLimitError)) throw error;
    return { refusal: `The delivery takes more than ${TIMEOUT_MS / 1000} s or ${MAX_MEMORY_MB} MiB to parse.` };
  }
}

export function readPush(json: Uint8Array): PushResult {
  const exceeded = exceededLimit(json, LARGE_WEBHOOK_LIMITS);
  if (exceeded) return { refusal: `The field ${exceeded.path} of the delivery ${exceeded.message}.` };
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(json));
    if (typeof value === 'object' && value !== null) return { push: parsePush(value) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { refusal: 'The delivery holds no JSON object.' };
}

/** In memory of its own, unlike small buffers: a thread takes it over without a copy. */
function joined(parts: Buffer[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
