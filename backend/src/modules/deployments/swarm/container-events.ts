import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Events } from '#src/integrations/docker/events.js';
import { LABELS } from '#src/common/labels.js';

const RECONNECT_MS = 500;
/** Docker emits a container's event before Swarm has updated the task. */
const SETTLE_MS = 40;

/**
 * Converts Docker's events of Berth's containers to change notifications per deployment. Listeners poll too: an event
 * only makes them react faster.
 */
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

  /** Called when the subscription is open, at the start and after every reconnect: earlier events are lost. */
  onConnect(listener: () => void): void {
    this.emitter.on('connect', listener);
  }

  /**
   * Resolves to true after the deployment's next event, or to false after `withinMs`. Throws when the signal aborts.
   */
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
    let isUnavailable = false;
    while (!signal.aborted) {
      try {
        const open = () => {
          if (isUnavailable) this.logger.log('Docker Engine available');
          isUnavailable = false;
          this.emitter.emit('connect');
        };
        for await (const { attributes } of this.events.containers(LABELS.deployment, signal, open))
          this.emit(attributes[LABELS.deployment]);
      } catch (error) {
        if (!isUnavailable && !signal.aborted)
          this.logger.warn(`Docker Engine unavailable: ${(error as Error).message}`);
        isUnavailable = true;
      }
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private emit(deploymentId: string | undefined): void {
    if (!deploymentId) return;
    this.emitter.emit('change', deploymentId);
    this.emitter.emit(`change:${deploymentId}`);
  }
}
