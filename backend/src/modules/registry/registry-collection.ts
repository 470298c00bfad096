import { Injectable, Logger } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { ENDED_STATES, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { RetainedImages } from './retained-images.js';
import { BuiltInRegistry } from './built-in-registry.js';
import { COLLECTOR_SERVICE } from './registry-names.js';
import { buildCollectorSpec, buildRegistrySpec, keptTags } from './registry-specs.js';
import { ServiceRollout } from '#src/modules/platform-services/service-rollout.js';
import { revisionOf } from '#src/modules/platform-services/service-revision.js';

const SETTING = 'registry.collecting';
/** One that was killed does not keep the registry from taking pushes for longer. */
const AT_MOST_MS = 15 * 60_000;
const POLL_INTERVAL_MS = 500;

/**
 * Frees the disk of the registry: it takes no pushes meanwhile (those wait, see PushImage) and serves on. What is under way is in the database, so
 * that the sweep of any process, and the one after a crash, knows it.
 */
@Injectable()
export class RegistryCollection {
  private readonly logger = new Logger(RegistryCollection.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly registry: BuiltInRegistry,
    private readonly kept: RetainedImages,
    private readonly services: SwarmServices,
    private readonly tasks: SwarmTasks,
    private readonly rollout: ServiceRollout,
  ) {}

  async isUnderWay(): Promise<boolean> {
    const row = await this.prisma.platformSetting.findUnique({ where: { name: SETTING } });
    return row !== null && Date.now() - Number(row.value) < AT_MOST_MS;
  }

  async run(signal: AbortSignal): Promise<void> {
    if (!this.registry.isOn || (await this.registry.failureReason()) !== undefined) return;
    await this.services.remove(COLLECTOR_SERVICE); // of a run that was killed
    const value = String(Date.now());
    await this.prisma.platformSetting.upsert({
      where: { name: SETTING },
      create: { name: SETTING, value },
      update: { value },
    });
    try {
      await this.collect(signal);
    } finally {
      await this.services.remove(COLLECTOR_SERVICE);
      await this.prisma.platformSetting.deleteMany({ where: { name: SETTING } });
      await this.registry.ensure({ readOnly: false }, signal);
    }
  }

  private async collect(signal: AbortSignal): Promise<void> {
    const { parts, serviceId } = await this.registry.ensure({ readOnly: true }, signal);
    const problem = await this.rollout.failureReason(serviceId, revisionOf(buildRegistrySpec(parts)), signal);
    if (problem !== undefined) throw new Error(`the registry does not become read-only: ${problem}`);
    // Only now: what was pushed before is known.
    const list = await this.registry.file(keptTags(await this.kept.list()));
    const id = await this.services.create(buildCollectorSpec(parts, list));
    const ended = async () => {
      const [task] = await this.tasks.list({ serviceId: id });
      if (!task || !ENDED_STATES.has(task.state)) return false;
      if (task.state !== 'complete') this.logger.warn(`the registry was not tidied: ${task.error ?? task.state}`);
      return true;
    };
    await pollUntil(ended, { withinMs: AT_MOST_MS, everyMs: POLL_INTERVAL_MS, signal, what: 'tidying the registry goes on' });
  }
}
