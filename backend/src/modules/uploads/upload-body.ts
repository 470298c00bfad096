import { PassThrough } from 'node:stream';
import type { Request } from 'express';
import { DomainError } from '#src/common/errors/domain-error.js';
import { askForBody } from '#src/common/request-bodies.js';
import { minBytesAfter, PACE_CHECK_MS } from './upload-pace.js';

const MIB = 2 ** 20;

/**
 * Yields the body of a request as it is received. It never destroys the request, so that an error response can be sent:
 * the rest of the body is discarded. Throws PAYLOAD_TOO_LARGE, UPLOAD_TOO_SLOW, and UPLOAD_INVALID when the connection
 * closes before the end of the body.
 */
export async function* bodyOf(request: Request, maxBytes: number): AsyncGenerator<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  askForBody(request);
  // Not pipeline(): it would destroy the request with the reader.
  const meter = new PassThrough();
  let bytes = 0;
  // Only the time that the client needs counts, not that of the reader.
  let waitedMs = 0;
  let waitingSince: number | undefined = performance.now();
  const waited = () => waitedMs + (waitingSince === undefined ? 0 : performance.now() - waitingSince);
  const cut = () =>
    meter.destroy(new DomainError('UPLOAD_INVALID', { detail: 'The connection closed before the end of the body.' }));
  const closed = () => (request.complete ? undefined : cut());
  const pace = setInterval(() => {
    if (bytes < minBytesAfter(waited())) meter.destroy(tooSlow());
  }, PACE_CHECK_MS);
  request.on('error', cut).on('close', closed).pipe(meter);
  try {
    for await (const chunk of meter) {
      waitedMs = waited();
      waitingSince = undefined;
      bytes += (chunk as Buffer).length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk as Buffer;
      waitingSince = performance.now();
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
    hint: 'Exclude files with .dockerignore, or ask the operator to raise UPLOAD_MAX_MB.',
  });
}

function tooSlow(): DomainError {
  return new DomainError('UPLOAD_TOO_SLOW', {
    detail: 'The body is sent too slowly.',
    hint: 'Retry on a faster connection.',
  });
}
