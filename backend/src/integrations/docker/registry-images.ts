import { Injectable } from '@nestjs/common';
import pRetry from 'p-retry';
import { DockerError } from './docker-error.js';
import { Engine } from './engine.js';
import { Images, type ResolvedImage } from './images.js';
import type { RegistryAuth } from './registry-auth.js';
import { RegistryError } from './registry-error.js';
import { RegistryPolicy } from './registry-policy.js';

const RETRY = { retries: Infinity, minTimeout: 700, factor: 1 };

export interface RegistryImage {
  reference: string;
  registry: string;
}

/** Images in the registries that users may name. */
@Injectable()
export class RegistryImages {
  constructor(
    private readonly images: Images,
    private readonly engine: Engine,
    private readonly registries: RegistryPolicy,
  ) {}

  /**
   * Retries while the registry is unreachable: every other error is permanent. Throws RegistryError, the reason of the
   * signal, and DockerError `unavailable` if it is the Engine that does not answer.
   */
  async resolve(
    { reference, registry }: RegistryImage,
    auth: RegistryAuth | undefined,
    { withinMs, signal }: { withinMs: number; signal?: AbortSignal },
  ): Promise<ResolvedImage> {
    const timeout = AbortSignal.timeout(withinMs);
    const bound = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let last: Error | undefined;
    const isEngineUp = this.engine.ping().then(
      () => !timeout.aborted,
      () => false,
    );
    try {
      await this.registries.require(registry);
      return await pRetry(() => this.images.resolve(reference, auth, bound), {
        ...RETRY,
        signal: bound,
        onFailedAttempt: ({ error }) => void (last = error),
        shouldRetry: ({ error }) => error instanceof RegistryError && error.kind === 'unreachable',
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (!timeout.aborted) throw error;
      // The Engine asks the registry, and may be the one that did not answer, or does not any more.
      if (!(await isEngineUp)) throw new DockerError('unavailable', 'no answer in time', { cause: last ?? error });
      await this.engine.ping();
      throw new RegistryError('unreachable', 'no answer in time', { cause: last ?? error });
    }
  }
}
