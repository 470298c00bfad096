import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { type Network, Networks } from '#src/integrations/docker/networks.js';
import { metStaleDevice, SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { IngressImage } from '#src/modules/platform-services/ingress-image.js';

const POLL_INTERVAL_MS = { usual: 10_000, whileRepairing: 3000 };
/** Older failures may be repaired already. */
const RECENT_MS = 30_000;

/**
 * Removes stale VXLAN devices. After a restart of the Engine, such a device can remain in the host's network namespace,
 * and no task of its overlay starts ("error creating vxlan interface: file exists"; seen on 20.10 and 28.5). A device
 * in use is never in the host's namespace: Docker moves it into the network's namespace at once. So when tasks fail
 * with this message, a container with only this privilege removes the device of their network.
 */
@Injectable()
export class VxlanCleanup implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(VxlanCleanup.name);
  private readonly closing = new AbortController();
  /** since the start of this process */
  removed = 0;

  constructor(
    private readonly tasks: SwarmTasks,
    private readonly networks: Networks,
    private readonly containers: Containers,
    private readonly engine: Engine,
    private readonly image: IngressImage,
  ) {}

  onApplicationBootstrap(): void {
    void this.watch();
  }

  onModuleDestroy(): void {
    this.closing.abort();
  }

  private async watch(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      const found = await this.removeStale().catch((error: unknown) => {
        this.logger.debug(`check for stale VXLAN devices failed: ${String(error)}`);
        return true; // the Engine is unavailable, and its restarts leave stale devices
      });
      await delay(found ? POLL_INTERVAL_MS.whileRepairing : POLL_INTERVAL_MS.usual, undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  /** Returns whether tasks failed because of stale devices. */
  private async removeStale(): Promise<boolean> {
    const { nodeId } = await this.engine.inspect();
    const since = Date.now() - RECENT_MS;
    const failing = (await this.tasks.list({ labels: [LABELS.managed] })).filter(
      (task) => task.nodeId === nodeId && task.since.getTime() > since && metStaleDevice(task),
    );
    const ids = new Set(failing.flatMap(({ networks }) => networks));
    const networks = await Promise.all([...ids].map((id) => this.networks.find(id)));
    const image = networks.length > 0 ? await this.image.ensure(this.closing.signal) : '';
    await Promise.all(networks.map((network) => this.remove(network, image)));
    return networks.length > 0;
  }

  private async remove(network: Network | undefined, image: string): Promise<void> {
    if (network?.vxlanId === undefined) return;
    const { id, name, vxlanId } = network;
    // As the overlay driver names them:
    // https://github.com/moby/moby/blob/v28.5.2/libnetwork/drivers/overlay/ov_network.go
    const device = `vx-${vxlanId.toString(16).padStart(6, '0')}-${id.slice(0, 5)}`;
    // Fails when the device does not exist: then another network of the task was the cause.
    if ((await this.containers.runInHostNetwork(image, ['ip', 'link', 'del', device])) !== 0) return;
    this.removed += 1;
    this.logger.warn(`removed stale VXLAN device ${device} of network ${name}`);
  }
}
