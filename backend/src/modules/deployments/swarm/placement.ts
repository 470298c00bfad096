import { Injectable } from '@nestjs/common';
import type { Deployment } from '#src/generated/prisma/client.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { columnsOf } from '#src/modules/deployments/domain/deployment-columns.js';
import { isPushed } from '#src/modules/deployments/domain/built-image.js';

type Placed = Pick<Deployment, 'nodeId' | 'node'>;

/**
 * Chooses the node of a deployment. Swarm chooses it, unless the deployment has volumes or an image that was built here
 * and is in no registry: both exist on one machine only, that of the engine that Berth connects to.
 */
@Injectable()
export class Placement {
  constructor(
    private readonly engine: Engine,
    private readonly nodes: Nodes,
  ) {}

  /** The required node; nulls: any. A stored node that is not in the swarm any more is ignored. */
  async of(row: Pick<Deployment, 'volumes' | 'source' | 'image' | 'nodeId'>): Promise<Placed> {
    if (!isBound(row)) return { nodeId: null, node: null };
    const nodes = await this.nodes.recent();
    const { nodeId } = await this.engine.inspect();
    const node = nodes.find(({ id }) => id === row.nodeId) ?? nodes.find(({ id }) => id === nodeId);
    return { nodeId: node?.id ?? null, node: node?.hostname ?? null };
  }
}

function isBound(row: Pick<Deployment, 'volumes' | 'source' | 'image'>): boolean {
  return columnsOf(row).volumes.length > 0 || (row.source !== 'IMAGE' && !isPushed(row.image));
}
