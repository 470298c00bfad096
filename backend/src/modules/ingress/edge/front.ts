import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { asSentence } from '#src/common/errors/as-sentence.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import { RegistryError } from '#src/integrations/docker/registry-error.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { FrontRollout } from './front-rollout.js';
import { FRONT_SERVICE } from './ingress-names.js';

const POLL_INTERVAL_MS = 250;

/**
 * Manages the front, the ingress endpoint that holds the host ports. Its configuration does not depend on the sites.
 */
@Injectable()
export class Front {
  private readonly logger = new Logger(Front.name);
  /** why the last `ensure` failed */
  private lastError: string | undefined = 'it is being started';
  /** last warning in the log */
  private logged: string | undefined;

  constructor(
    private readonly config: Config,
    private readonly rollout: FrontRollout,
    private readonly services: ServiceRollout,
  ) {}

  /** Rolls out the front, or removes it when the ingress is off. Throws when that fails. */
  async ensure(signal: AbortSignal): Promise<void> {
    try {
      const { isOn, httpPort: http, httpsPort: https } = this.config.ingress;
      await (isOn ? this.rollout.apply({ http, https }, signal) : this.rollout.remove());
      this.lastError = undefined;
      this.logged = undefined;
    } catch (error) {
      this.lastError = (error as Error).message;
      if (!signal.aborted) this.logOnce(error as Error);
      throw error;
    }
  }

  /** A registry reports one outage with several messages: it is logged once. */
  private logOnce(error: Error): void {
    const { image } = this.config.ingress;
    const text =
      error instanceof RegistryError
        ? `Public names wait for the image ${image}, which cannot be pulled (${error.kind}); Berth retries with backoff.`
        : `the front cannot be started: ${error.message}`;
    if (text !== this.logged) this.logger.warn(text);
    this.logged = text;
  }

  /** Returns why the front does not serve, in a sentence; undefined when it does. */
  async failureReason(): Promise<string | undefined> {
    if (!this.config.ingress.isOn) return 'the operator has switched public domains off';
    return this.services.state(FRONT_SERVICE, this.lastError ?? 'its service was removed');
  }

  /** Like `failureReason`, but waits up to `withinMs` for the front to start. */
  async failureReasonWithin(withinMs: number, signal: AbortSignal): Promise<string | undefined> {
    const end = performance.now() + withinMs;
    for (;;) {
      const problem = await this.failureReason();
      if (problem === undefined || performance.now() > end) return problem && sentence(problem);
      await delay(POLL_INTERVAL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Throws INGRESS_UNAVAILABLE when the front does not serve. */
  async require(): Promise<void> {
    const problem = await this.failureReason();
    if (problem === undefined) return;
    throw new DomainError('INGRESS_UNAVAILABLE', {
      detail: sentence(problem),
      hint: 'The operator finds more in GET /health.',
    });
  }
}

function sentence(problem: string): string {
  return asSentence(`Public domains are not served now: ${problem}`);
}
