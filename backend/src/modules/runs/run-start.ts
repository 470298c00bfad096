import { Injectable } from '@nestjs/common';
import { asSentence } from '#src/common/errors/as-sentence.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { DockerError, type DockerErrorKind } from '#src/integrations/docker/docker-error.js';
import type { Release } from '#src/modules/deployments/domain/release.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';
import { runLabel, runReleaseOf } from './run-release.js';
import { notStarted, type Verdict } from './run-verdict.js';
import { type ClaimedRun, RunsRepository, StaleRunError } from './runs.repository.js';

/** Attempts to prepare a run; the queue waits longer after each, half an hour together. */
const MAX_PREPARATIONS = 7;
/** With these the Engine has certainly created nothing. */
const REFUSALS: ReadonlySet<DockerErrorKind> = new Set(['invalid', 'not-found', 'unauthorized']);

/** Begins a run: prepares what may be done twice, records that it begins, then creates its service. */
@Injectable()
export class RunStart {
  constructor(
    private readonly runs: RunsRepository,
    private readonly commands: CommandServices,
    private readonly volumes: ReleaseVolumes,
    private readonly placement: Placement,
    private readonly credentials: RegistryCredentials,
    private readonly secrets: SecretBox,
  ) {}

  /**
   * Returns the verdict when the run cannot begin; undefined when it has begun, or may have. Throws StaleRunError when
   * it was cancelled, or another worker begins it.
   */
  async begin(run: ClaimedRun): Promise<Verdict | undefined> {
    const { deployment } = run;
    if (!deployment) return notStarted('Its release does not exist any more.');
    const release = await this.prepare(run, deployment);
    if (!release) return notStarted('The Docker Engine could not prepare the network or the volumes of the run.');
    if (!(await this.runs.begin(run))) throw new StaleRunError();
    const one = { name: release.serviceName, command: run.command, label: runLabel(run.id) };
    try {
      await this.commands.create(release, one, this.credentials.of(deployment));
      return undefined;
    } catch (error) {
      // A request without an answer may have been executed: whether there is a service decides.
      if (!(error instanceof DockerError) || !REFUSALS.has(error.kind)) return undefined;
      return notStarted(asSentence(`The command could not be started: ${error.message}`));
    }
  }

  /** Undefined when it failed too often; the queue retries the others. */
  private async prepare(
    run: ClaimedRun,
    deployment: NonNullable<ClaimedRun['deployment']>,
  ): Promise<Release | undefined> {
    try {
      const { nodeId } = await this.placement.of(deployment);
      const release = { ...runReleaseOf(deployment, run, this.secrets), nodeId };
      await this.commands.prepare(release);
      await this.volumes.ensureMissing(release);
      return release;
    } catch (error) {
      if (run.attempt < MAX_PREPARATIONS) throw error;
      return undefined;
    }
  }
}
