import { Injectable } from '@nestjs/common';
import { LABELS } from '#src/common/labels.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { Configs } from '#src/integrations/docker/configs.js';
import { Networks } from '#src/integrations/docker/networks.js';
import { Secrets } from '#src/integrations/docker/secrets.js';
import { SwarmServices } from '#src/integrations/docker/swarm-services.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { EnvironmentsRepository } from '#src/modules/environments/environments.repository.js';

export interface Orphan {
  kind: 'SERVICE' | 'NETWORK' | 'VOLUME' | 'CONFIG' | 'SECRET';
  name: string;
  environmentId: string | null;
  deploymentId: string | null;
  runId: string | null;
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
    private readonly states: DeploymentStatesRepository,
    private readonly environments: EnvironmentsRepository,
    private readonly services: SwarmServices,
    private readonly networks: Networks,
    private readonly volumes: Volumes,
    private readonly configs: Configs,
    private readonly secrets: Secrets,
  ) {}

  async list(): Promise<Orphan[]> {
    const labeled = await this.labeled();
    // The service of a deployment that has just ended may still be stopping.
    const recent = new Date(Date.now() - 60_000);
    const live = new Set(await this.states.liveOrChanged(idsOf(labeled, 'deploymentId'), recent));
    const liveRuns = new Set(await this.states.unfinishedOrChangedRuns(idsOf(labeled, 'runId'), recent));
    const rows = await this.environments.withIds(idsOf(labeled, 'environmentId'));
    const environments = new Map(rows.map((row) => [row.id, row]));
    return labeled.flatMap((one) => {
      const reason = reasonOf(one, environments.get(one.environmentId ?? ''), { live, liveRuns });
      return reason === undefined ? [] : [{ ...one, reason }];
    });
  }

  private async labeled(): Promise<Labeled[]> {
    const labels = { [LABELS.environment]: true } as const;
    const [services, networks, volumes, configs, secrets] = await Promise.all([
      this.services.list(labels),
      this.networks.list(labels),
      this.volumes.list(labels),
      this.configs.list(labels),
      this.secrets.list(labels),
    ]);
    const as = (kind: Orphan['kind']) => (one: { name: string; labels: Record<string, string> }) => ({
      kind,
      name: one.name,
      environmentId: one.labels[LABELS.environment] ?? null,
      deploymentId: one.labels[LABELS.deployment] ?? null,
      runId: one.labels[LABELS.run] ?? null,
    });
    return [
      ...services.map(as('SERVICE')),
      ...networks.map(as('NETWORK')),
      ...volumes.map(as('VOLUME')),
      ...configs.map(as('CONFIG')),
      ...secrets.map(as('SECRET')),
    ];
  }
}

function idsOf(labeled: Labeled[], key: 'deploymentId' | 'environmentId' | 'runId'): string[] {
  return labeled.flatMap((one) => one[key] ?? []);
}

function reasonOf(
  { kind, deploymentId, runId }: Labeled,
  environment: Pick<Environment, 'status' | 'preserveVolumes'> | undefined,
  { live, liveRuns }: { live: ReadonlySet<string>; liveRuns: ReadonlySet<string> },
): string | undefined {
  if (!environment) return 'its environment is unknown';
  if (kind === 'VOLUME' && environment.preserveVolumes) return undefined;
  if (environment.status === 'DELETED') return 'its environment was deleted';
  if (kind === 'SERVICE' && deploymentId !== null && !live.has(deploymentId)) return 'its deployment is not running';
  if (runId !== null && !liveRuns.has(runId)) return 'its run has ended';
  return undefined;
}
