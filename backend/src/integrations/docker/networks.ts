import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';
import { labelFilter } from './swarm-services.js';

export interface Network {
  id: string;
  name: string;
  subnet: string | undefined;
  /** VXLAN id of an overlay. */
  vxlanId: number | undefined;
}

interface EngineNetwork {
  Id: string;
  Name: string;
  Options?: Record<string, string> | null;
  IPAM?: { Config?: { Subnet?: string }[] | null };
}

@Injectable()
export class Networks {
  constructor(private readonly docker: DockerClient) {}

  /**
   * Creates an overlay, or keeps the one with this name. Attachable: containers outside of services may join. Without
   * `subnet` Swarm chooses one.
   */
  async ensureOverlay(
    name: string,
    labels: Record<string, string>,
    { attachable, subnet }: { attachable: boolean; subnet?: string },
  ): Promise<void> {
    if (await this.find(name)) return;
    await this.docker.call((docker) =>
      docker.createNetwork({
        Name: name,
        Driver: 'overlay',
        Attachable: attachable,
        CheckDuplicate: true,
        Labels: labels,
        ...(subnet && { IPAM: { Driver: 'default', Config: [{ Subnet: subnet }] } }),
      }),
    );
  }

  async list(labels: Record<string, string | true>): Promise<{ name: string; labels: Record<string, string> }[]> {
    const filters = { label: labelFilter(labels) };
    const networks = await this.docker.call((docker) => docker.listNetworks({ filters }));
    return networks.map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }));
  }

  /** Undefined if there is none. */
  async find(name: string): Promise<Network | undefined> {
    try {
      const { Id, Name, Options, IPAM } = await this.docker.call(
        (docker) => docker.getNetwork(name).inspect() as Promise<EngineNetwork>,
      );
      const vxlanId = Options?.['com.docker.network.driver.overlay.vxlanid_list'];
      return {
        id: Id,
        name: Name,
        subnet: IPAM?.Config?.[0]?.Subnet,
        vxlanId: vxlanId === undefined ? undefined : Number(vxlanId),
      };
    } catch (error) {
      if (isDockerError(error, 'not-found')) return undefined;
      throw error;
    }
  }

  /** False while endpoints use the network; true if it does not exist. */
  async tryRemove(name: string): Promise<boolean> {
    try {
      await this.docker.call((docker) => docker.getNetwork(name).remove() as Promise<unknown>);
      return true;
    } catch (error) {
      if (isDockerError(error, 'not-found')) return true;
      const inUse = error instanceof Error && /active endpoints|in use by/i.test(error.message);
      if (inUse) return false;
      throw error;
    }
  }
}
