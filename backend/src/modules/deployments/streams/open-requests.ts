import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, unauthenticated } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import { KeyRevocationWatcher } from '#src/modules/auth/key-revocation-watcher.js';
import { DeploymentChanges } from '#src/modules/deployments/events/deployment-changes.js';

export interface OpenRequest {
  /** the user, if it is a stream and not a long poll */
  streamOf: string | undefined;
  /** aborts when the client disconnects, the key is revoked, or the process stops */
  signal: AbortSignal;
  key: AbortSignal;
  end: () => void;
}

/** The long polls and streams of this process. Each ends when its client disconnects, its API key is revoked, or the process stops. */
@Injectable()
export class OpenRequests {
  private readonly open = new Set<OpenRequest>();

  constructor(
    private readonly changes: DeploymentChanges,
    private readonly keys: KeyRevocationWatcher,
    private readonly config: Config,
  ) {}

  /**
   * Reads the row of `id` until `isDone`, or until `waitMs` have passed. Throws UNAUTHENTICATED when the key is revoked
   * meanwhile.
   */
  async poll<R>(
    caller: Caller,
    { id, waitMs, closed }: { id: string; waitMs: number; closed: AbortSignal },
    read: () => Promise<R>,
    isDone: (row: R) => boolean,
  ): Promise<R> {
    const watch = this.changes.watch(id);
    const request = this.add(caller, closed);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(waitMs)]);
    try {
      let row = await read();
      while (!isDone(row) && !signal.aborted) {
        await watch.next(signal);
        row = await read();
      }
      if (request.key.aborted) throw unauthenticated();
      return row;
    } finally {
      watch.end();
      request.end();
    }
  }

  /**
   * Throws STREAM_QUOTA_EXCEEDED. Each stream holds a connection to the client, and for logs one to the Engine. Long
   * polls do not count: they end after a minute, and the rate limit counts them.
   */
  openStream(caller: Caller, closed: AbortSignal): OpenRequest {
    const max = this.config.quota.streamsPerUser;
    const own = [...this.open].filter(({ streamOf }) => streamOf === caller.userId);
    if (own.length >= max)
      throw new DomainError('STREAM_QUOTA_EXCEEDED', {
        detail: `You have ${max} open streams, the maximum.`,
        hint: 'Close a stream first, or ask the operator to raise MAX_STREAMS_PER_USER.',
      });
    const request = this.add(caller, closed, caller.userId);
    // The source of a stream whose client has disconnected at once never starts, and so never ends.
    closed.addEventListener('abort', request.end, { once: true });
    return request;
  }

  private add(caller: Caller, closed: AbortSignal, streamOf?: string): OpenRequest {
    const key = this.keys.watch(caller);
    const request: OpenRequest = {
      streamOf,
      signal: AbortSignal.any([closed, key.signal, this.changes.closing]),
      key: key.signal,
      end: () => {
        this.open.delete(request);
        key.end();
      },
    };
    this.open.add(request);
    return request;
  }
}

/** Ends the request when the source ends or the client stops reading. */
export async function* endingRequest<T>(source: AsyncGenerator<T>, request: OpenRequest): AsyncGenerator<T> {
  try {
    yield* source;
  } finally {
    request.end();
  }
}
