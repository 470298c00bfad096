import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

export interface Orphan {
  kind: 'SERVICE' | 'NETWORK' | 'VOLUME';
  name: string;
  environmentId: string | null;
  deploymentId: string | null;
  reason: string;
}

type Kept = Omit<Orphan, 'reason'>;

/** What carries our labels in the Engine, and no row speaks of. It is told and never deleted: another platform may own it, or a restored database. */
@Injectable()
export class Orphans {
  constructor(
    private readonly prisma: PrismaService,
    private readonly services: SwarmServices,
    private readonly networks: Networks,
    private readonly volumes: Volumes,
  ) {}

  async list(): Promise<Orphan[]> {
    const kept = await this.kept();
    const live = new Set(await this.liveDeployments(kept));
    const environments = await this.environments(kept);
    return kept.flatMap((one) => {
      const reason = reasonOf(one, environments.get(one.environmentId ?? ''), live);
      return reason === undefined ? [] : [{ ...one, reason }];
    });
  }

  private async kept(): Promise<Kept[]> {
    const ours = { [LABELS.environment]: true } as const;
    const [services, networks, volumes] = await Promise.all([
      this.services.list(ours),
      this.networks.list(ours),
      this.volumes.list(ours),
    ]);
    const as = (kind: Orphan['kind']) => (one: { name: string; labels: Record<string, string> }) => ({
      kind,
      name: one.name,
      environmentId: one.labels[LABELS.environment] ?? null,
      deploymentId: one.labels[LABELS.deployment] ?? null,
    });
    return [...services.map(as('SERVICE')), ...networks.map(as('NETWORK')), ...volumes.map(as('VOLUME'))];
  }

  private async liveDeployments(kept: Kept[]): Promise<string[]> {
    const id = { in: kept.flatMap(({ deploymentId }) => deploymentId ?? []) };
    // What has just ended may still be on its way out.
    const recent = new Date(Date.now() - 60_000);
    const rows = await this.prisma.deployment.findMany({
      where: { id, OR: [{ status: { in: LIVE_STATUSES } }, { updatedAt: { gt: recent } }] },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  private async environments(kept: Kept[]): Promise<Map<string, { isGone: boolean; keepsVolumes: boolean }>> {
    const id = { in: kept.flatMap(({ environmentId }) => environmentId ?? []) };
    const rows = await this.prisma.environment.findMany({
      where: { id },
      select: { id: true, status: true, preserveVolumes: true },
    });
    return new Map(
      rows.map((row) => [row.id, { isGone: row.status === 'DELETED', keepsVolumes: row.preserveVolumes }]),
    );
  }
}

function reasonOf(
  { kind, deploymentId }: Kept,
  environment: { isGone: boolean; keepsVolumes: boolean } | undefined,
  live: ReadonlySet<string>,
): string | undefined {
  if (!environment) return 'its environment is not known here';
  if (kind === 'VOLUME' && environment.keepsVolumes) return undefined;
  if (environment.isGone) return 'its environment was deleted';
  if (kind === 'SERVICE' && deploymentId !== null && !live.has(deploymentId)) return 'its deployment does not run';
  return undefined;
}
