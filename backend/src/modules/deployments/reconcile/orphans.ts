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

type Labeled = Omit<Orphan, 'reason'>;

/**
 * Lists Docker objects with Berth's labels that no row refers to. It never deletes them: another installation may own
 * them, or the database may be an older backup.
 */
@Injectable()
export class Orphans {
  constructor(
    private readonly prisma: PrismaService,
    private readonly services: SwarmServices,
    private readonly networks: Networks,
    private readonly volumes: Volumes,
  ) {}

  async list(): Promise<Orphan[]> {
    const labeled = await this.labeled();
    const live = new Set(await this.liveDeployments(labeled));
    const environments = await this.environments(labeled);
    return labeled.flatMap((one) => {
      const reason = reasonOf(one, environments.get(one.environmentId ?? ''), live);
      return reason === undefined ? [] : [{ ...one, reason }];
    });
  }

  private async labeled(): Promise<Labeled[]> {
    const labels = { [LABELS.environment]: true } as const;
    const [services, networks, volumes] = await Promise.all([
      this.services.list(labels),
      this.networks.list(labels),
      this.volumes.list(labels),
    ]);
    const as = (kind: Orphan['kind']) => (one: { name: string; labels: Record<string, string> }) => ({
      kind,
      name: one.name,
      environmentId: one.labels[LABELS.environment] ?? null,
      deploymentId: one.labels[LABELS.deployment] ?? null,
    });
    return [...services.map(as('SERVICE')), ...networks.map(as('NETWORK')), ...volumes.map(as('VOLUME'))];
  }

  private async liveDeployments(labeled: Labeled[]): Promise<string[]> {
    const id = { in: labeled.flatMap(({ deploymentId }) => deploymentId ?? []) };
    // The service of a deployment that has just ended may still be stopping.
    const recent = new Date(Date.now() - 60_000);
    const rows = await this.prisma.deployment.findMany({
      where: { id, OR: [{ status: { in: LIVE_STATUSES } }, { updatedAt: { gt: recent } }] },
      select: { id: true },
    });
    return rows.map((row) => row.id);
  }

  private async environments(labeled: Labeled[]): Promise<Map<string, { isGone: boolean; keepsVolumes: boolean }>> {
    const id = { in: labeled.flatMap(({ environmentId }) => environmentId ?? []) };
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
  { kind, deploymentId }: Labeled,
  environment: { isGone: boolean; keepsVolumes: boolean } | undefined,
  live: ReadonlySet<string>,
): string | undefined {
  if (!environment) return 'its environment is unknown';
  if (kind === 'VOLUME' && environment.keepsVolumes) return undefined;
  if (environment.isGone) return 'its environment was deleted';
  if (kind === 'SERVICE' && deploymentId !== null && !live.has(deploymentId)) return 'its deployment is not running';
  return undefined;
}
