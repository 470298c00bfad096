import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { DomainError } from '#src/common/errors/domain-error.js';
import { FairPermits } from '#src/common/fair-permits.js';
import { newId } from '#src/common/time/id-source.js';
import { FormPayload } from './form-payload.js';
import type { DeliveryCheck } from './hook-signature.js';

const MIB = 2 ** 20;
/** GitHub sends up to 25 MB of JSON; a form encodes many of its characters as three. */
const MAX_JSON_BYTES = 25 * MIB;
const MAX_BODY_BYTES = 3 * MAX_JSON_BYTES;
/** What every delivery may keep in memory before its signature is known to be right. */
const SMALL_BYTES = MIB;
const MAX_LARGE_AT_ONCE = 3;
const MAX_WAIT_MS = 20_000;
const MAX_LARGE_MS = 30_000;

export interface DeliveryBody {
  check: DeliveryCheck;
  isForm: boolean;
  /** The hook; undefined: nothing of the body is kept, since no hook exists that could use it. */
  owner: string | undefined;
}

/**
 * Reads bodies of deliveries whose sender is not known yet: each part goes through the HMAC as it arrives. Above
 * `SMALL_BYTES` only a few at a time are kept; the others wait unread, hooks in turn.
 */
@Injectable()
export class DeliveryReader {
  private readonly large = new FairPermits(MAX_LARGE_AT_ONCE);

  /** Gives the JSON to `use`. Throws PAYLOAD_TOO_LARGE, RATE_LIMITED, and MALFORMED_REQUEST for half a body. */
  async read<T>(request: Request, body: DeliveryBody, use: (json: Buffer[]) => Promise<T>): Promise<T> {
    const id = newId();
    let timer: NodeJS.Timeout | undefined;
    const enlarge = async () => {
      if (body.owner === undefined || timer) return;
      await this.acquire(id, body.owner, request);
      timer = setTimeout(() => request.complete || request.destroy(), MAX_LARGE_MS);
    };
    try {
      return await use(await receive(request, body, enlarge));
    } finally {
      clearTimeout(timer);
      this.large.release(id);
      // The rest is discarded, so that the client reads the response.
      request.resume();
    }
  }

  private async acquire(id: string, owner: string, request: Request): Promise<void> {
    const closed = new AbortController();
    const close = () => closed.abort(interrupted());
    request.once('close', close);
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(MAX_WAIT_MS)]);
    try {
      await this.large.acquire(id, owner, signal);
    } catch (error) {
      throw closed.signal.aborted ? error : tooMany();
    } finally {
      request.off('close', close);
    }
  }
}

async function receive(request: Request, body: DeliveryBody, enlarge: () => Promise<void>): Promise<Buffer[]> {
  const { check, isForm, owner } = body;
  const maxBytes = isForm ? MAX_BODY_BYTES : MAX_JSON_BYTES;
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const form = isForm ? new FormPayload() : undefined;
  const json: Buffer[] = [];
  const bytes = { body: 0, json: 0 };
  for await (const part of partsOf(request)) {
    const decoded = form?.push(part);
    const content = decoded ?? part;
    bytes.body += part.length;
    bytes.json += content.length;
    if (bytes.body > maxBytes || bytes.json > MAX_JSON_BYTES) throw tooLarge();
    check.add(part, decoded);
    if (bytes.json > SMALL_BYTES) await enlarge();
    if (owner !== undefined && content.length > 0) json.push(content);
  }
  return json;
}

/** Never destroys the request with the reader: the response could not be sent. */
async function* partsOf(request: Request): AsyncGenerator<Buffer> {
  const parts = request.iterator({ destroyOnReturn: false });
  try {
    for await (const part of parts) yield part as Buffer;
  } catch {
    throw interrupted();
  }
}

function interrupted(): DomainError {
  return new DomainError('MALFORMED_REQUEST', {
    detail: 'The connection closed before the end of the body.',
    hint: 'Deliver it again.',
  });
}

function tooLarge(): DomainError {
  return new DomainError('PAYLOAD_TOO_LARGE', {
    detail: `The delivery is larger than ${MAX_JSON_BYTES / MIB} MiB.`,
    hint: 'Push fewer commits at a time, or deploy with POST /deployments/{id}/redeploy.',
  });
}

function tooMany(): DomainError {
  return new DomainError('RATE_LIMITED', {
    detail: 'Too many large deliveries arrive at once.',
    hint: 'Deliver it again in a minute.',
  });
}
