import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import { DomainError } from '#src/common/errors/domain-error.js';
import { askForBody } from '#src/common/request-bodies.js';
import { leastBytesAfter, PACE_CHECK_MS } from './upload-pace.js';

const MIB = 2 ** 20;

/**
 * The body of a request while it comes. The request itself is never destroyed, so that a refusal can still be answered: what comes after it is
 * thrown away. Throws PAYLOAD_TOO_LARGE, UPLOAD_TOO_SLOW, and UPLOAD_INVALID when the connection ends first.
 */
export async function* bodyOf(request: Request, maxBytes: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  askForBody(request);
  // Not pipeline(): that would destroy the request with its reader.
  const meter = new PassThrough();
  const begin = performance.now();
  let bytes = 0;
  const cut = () =>
    meter.destroy(new DomainError('UPLOAD_INVALID', { detail: 'The connection ended before the body.' }));
  const closed = () => (request.complete ? undefined : cut());
  const pace = setInterval(() => {
    if (bytes < leastBytesAfter(performance.now() - begin)) meter.destroy(tooSlow());
  }, PACE_CHECK_MS);
  request.on('error', cut).on('close', closed).pipe(meter);
  try {
    for await (const chunk of meter) {
      bytes += (chunk as Buffer).length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk as Buffer;
    }
  } finally {
    clearInterval(pace);
    request.off('close', closed).unpipe(meter);
    request.resume();
  }
}

function tooLarge(maxBytes: number): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', {
    detail: `The body is larger than ${maxBytes / MIB} MiB.`,
    hint: 'Leave out what is not needed with .dockerignore, or ask the operator to raise UPLOAD_MAX_MB.',
  });
}

function tooSlow(): DomainError {
  return new DomainError('UPLOAD_TOO_SLOW', {
    detail: 'The body comes too slowly.',
    hint: 'Try again on a faster connection.',
  });
}
