import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Events } from '#src/integrations/docker/events.js';
import { LABELS } from '#src/common/labels.js';

const RECONNECT_MS = 500;
/** A container's event comes before Swarm has heard of it. */
const SETTLE_MS = 40;

/** Docker's events of our containers, as "something about this deployment changed". Whoever listens looks for himself: an event only makes it faster. */
@Injectable()
export class ContainerEvents implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ContainerEvents.name);
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private readonly closing = new AbortController();

  constructor(private readonly events: Events) {}

  onApplicationBootstrap(): void {
    void this.follow();
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }

  onChange(listener: (deploymentId: string) => void): void {
    this.emitter.on('change', listener);
  }

  /** The subscription is open, for the first time or again: what happened before went unseen. */
  onConnect(listener: () => void): void {
    this.emitter.on('connect', listener);
  }

  /** Resolves a moment after the deployment's next event, and after `withinMs` at the latest: was there one? Throws when the signal aborts. */
  async next(deploymentId: string, { withinMs, signal }: { withinMs: number; signal: AbortSignal }): Promise<boolean> {
    signal.throwIfAborted();
    const quiet = AbortSignal.timeout(withinMs);
    const either = AbortSignal.any([quiet, signal]);
    const event = await once(this.emitter, `change:${deploymentId}`, { signal: either }).then(
      () => true,
      () => false,
    );
    signal.throwIfAborted();
    if (event) await delay(Math.min(SETTLE_MS, withinMs), undefined, { signal }).catch(() => signal.throwIfAborted());
    return event;
  }

  private async follow(): Promise<void> {
    const { signal } = this.closing;
    let away = false;
    while (!signal.aborted) {
      try {
        const open = () => {
          if (away) this.logger.log('the Docker Engine is back');
          away = false;
          this.emitter.emit('connect');
        };
        for await (const { attributes } of this.events.containers(LABELS.deployment, signal, open))
          this.tell(attributes[LABELS.deployment]);
      } catch (error) {
        if (!away && !signal.aborted) this.logger.warn(`the Docker Engine is away: ${(error as Error).message}`);
        away = true;
      }
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private tell(deploymentId: string | undefined): void {
    if (!deploymentId) return;
    this.emitter.emit('change', deploymentId);
    this.emitter.emit(`change:${deploymentId}`);
  }
}
