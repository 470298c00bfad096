import { Injectable, type OnModuleInit } from '@nestjs/common';
import { pollUntil } from '#src/common/time/poll-until.js';
import type { JobPayloads } from '#src/core/jobs/job-queue.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { Volumes } from '#src/integrations/docker/volumes.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';
import { DeploymentStatesRepository } from './repositories/deployment-states.repository.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';
import { RunningServices } from './swarm/running-services.js';
import { LABELS } from '#src/common/labels.js';

const PIPELINE_END_TIMEOUT_MS = 60_000;
const VOLUME_REMOVAL_TIMEOUT_MS = 30_000;

/**
 * Removes one deployment, or all of an environment: waits until the pipeline has ended, then removes services, then
 * volumes. It runs in jobs, so it is safe to run twice.
 */
@Injectable()
export class DeploymentTeardown implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly repository: PipelineRepository,
    private readonly services: RunningServices,
    private readonly volumes: Volumes,
    private readonly worker: JobWorker,
    private readonly teardown: EnvironmentTeardown,
  ) {}

  onModuleInit(): void {
    const handler = (job: JobPayloads['deployment.remove'], signal: AbortSignal) =>
      this.remove(job.deploymentId, job.deleteVolumes, signal);
    this.worker.register('deployment.remove', handler, 'removals');
    this.teardown.register('running', this);
  }

  async clear({ id, preserveVolumes }: Environment, signal: AbortSignal): Promise<void> {
    const deployments = await this.states.liveInEnvironment(id);
    const inProgress = deployments.filter(({ status }) => status !== 'RUNNING').map((deployment) => deployment.id);
    await this.states.transaction((db) => this.repository.cancel(db, inProgress));
    await Promise.all(deployments.map((deployment) => this.removeService(deployment.id, signal)));
    if (!preserveVolumes) await this.removeVolumes({ [LABELS.environment]: id }, signal);
  }

  private async remove(deploymentId: string, deleteVolumes: boolean, signal: AbortSignal): Promise<void> {
    await this.removeService(deploymentId, signal);
    if (!deleteVolumes) return;
    for (const name of await this.states.unsharedVolumes(deploymentId)) await this.removeVolume(name, signal);
  }

  private async removeService(deploymentId: string, signal: AbortSignal): Promise<void> {
    await pollUntil(async () => !(await this.states.isInProgress(deploymentId)), {
      withinMs: PIPELINE_END_TIMEOUT_MS,
      everyMs: 100,
      signal,
      what: 'the deployment is still in progress',
    });
    // What it still drains would otherwise serve on: its own job ends with it.
    const draining = await this.repository.draining(deploymentId);
    for (const { id } of draining ? await this.repository.previous(draining) : []) await this.stop(id, signal);
    await this.stop(deploymentId, signal);
  }

  private async stop(deploymentId: string, signal: AbortSignal): Promise<void> {
    await this.services.remove(deploymentId, signal);
    await this.repository.stop(deploymentId);
  }

  private async removeVolumes(labels: Record<string, string>, signal: AbortSignal): Promise<void> {
    for (const { name } of await this.volumes.list(labels)) await this.removeVolume(name, signal);
  }

  private async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    await pollUntil(() => this.volumes.tryRemove(name), {
      withinMs: VOLUME_REMOVAL_TIMEOUT_MS,
      everyMs: 200,
      signal,
      what: `volume ${name} is in use`,
    });
  }
}
