import { Injectable, Logger } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { PlatformSettingsRepository } from '#src/core/database/platform-settings.repository.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { ENDED_STATES, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { RetainedImagesRepository } from './retained-images.repository.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { RegistryAssets } from './registry-assets.js';
import { COLLECTOR_SERVICE } from './registry-names.js';
import { buildCollectorSpec, buildRegistrySpec, retainedTags } from './registry-specs.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { revisionOf } from '#src/modules/platform-services/service-revision.js';

const SETTING = 'registry.collecting';
/** Timeout of a collection: the registry refuses pushes for no longer, even after a crash. */
const TIMEOUT_MS = 15 * 60_000;
const POLL_INTERVAL_MS = 500;

/**
 * Collects garbage in the registry. Meanwhile the registry is read-only: pulls are served, and pushes wait (see
 * PushImage). The database records a running collection for the sweeps of all processes, also after a crash.
 */
@Injectable()
export class RegistryCollection {
  private readonly logger = new Logger(RegistryCollection.name);

  constructor(
    private readonly settings: PlatformSettingsRepository,
    private readonly registry: BuiltInRegistry,
    private readonly assets: RegistryAssets,
    private readonly retained: RetainedImagesRepository,
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly rollout: ServiceRollout,
  ) {}

  async isRunning(): Promise<boolean> {
    const startedAt = await this.settings.find(SETTING);
    return startedAt !== undefined && Date.now() - Number(startedAt) < TIMEOUT_MS;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!this.registry.isOn || (await this.registry.failureReason()) !== undefined) return;
    await this.services.remove(COLLECTOR_SERVICE); // left by a run that was killed
    await this.settings.save(SETTING, String(Date.now()));
    try {
      await this.collect(signal);
    } finally {
      await this.services.remove(COLLECTOR_SERVICE);
      await this.settings.remove(SETTING);
      await this.registry.ensure({ readOnly: false }, signal);
    }
  }

  private async collect(signal: AbortSignal): Promise<void> {
    const { parts, serviceId } = await this.registry.ensure({ readOnly: true }, signal);
    const problem = await this.rollout.failureReason(serviceId, revisionOf(buildRegistrySpec(parts)), signal);
    if (problem !== undefined) throw new Error(`the registry did not become read-only: ${problem}`);
    // After the registry is read-only: no image can be pushed between this list and the collection.
    const list = await this.assets.file(retainedTags(await this.retained.list()));
    const id = await this.services.create(buildCollectorSpec(parts, list));
    const ended = async () => {
      const [task] = await this.tasks.list({ serviceId: id });
      if (!task || !ENDED_STATES.has(task.state)) return false;
      if (task.state !== 'complete')
        this.logger.warn(`registry garbage collection failed: ${task.error ?? task.state}`);
      return true;
    };
    await pollUntil(ended, {
      withinMs: TIMEOUT_MS,
      everyMs: POLL_INTERVAL_MS,
      signal,
      what: 'registry garbage collection is still running',
    });
  }
}
