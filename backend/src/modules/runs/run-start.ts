import { Injectable } from '@nestjs/common';
import { asSentence } from '#src/common/errors/as-sentence.js';
import { Config } from '#src/config/config.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { DockerError, type DockerErrorKind } from '#src/integrations/docker/docker-error.js';
import { CommandServices } from '#src/modules/deployments/swarm/command-services.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { RegistryCredentials } from '#src/modules/deployments/swarm/registry-credentials.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';
import { runLabel, runReleaseOf } from './run-release.js';
import { notStarted, type Verdict } from './run-verdict.js';
import { type ClaimedRun, NoRunSlotError, RunsRepository, StaleRunError } from './runs.repository.js';

/** Attempts to prepare a run; the queue waits longer after each, half an hour together. */
const MAX_PREPARATIONS = 7;
/** With these the Engine has certainly created nothing. */
const REFUSALS: ReadonlySet<DockerErrorKind> = new Set(['invalid', 'not-found', 'unauthorized']);

type ReleaseRow = NonNullable<ClaimedRun['deployment']>;

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
    private readonly config: Config,
  ) {}

  /**
   * Returns the verdict when the run cannot begin; undefined when it has begun, or may have. Throws StaleRunError when
   * it was cancelled or another worker begins it, NoRunSlotError when it has to wait, and what the queue retries.
   */
  async begin(run: ClaimedRun, signal: AbortSignal): Promise<Verdict | undefined> {
    const { deployment } = run;
    if (!deployment || deployment.deletedAt !== null) return notStarted('Its release was deleted before it began.');
    try {
      await this.create(run, deployment, signal);
      return undefined;
    } catch (error) {
      return run.begunAt === null ? unprepared(run, error, signal) : refused(error);
    }
  }

  private async create(run: ClaimedRun, deployment: ReleaseRow, signal: AbortSignal): Promise<void> {
    const { nodeId } = await this.placement.of(deployment);
    const release = { ...runReleaseOf(deployment, run, this.secrets), nodeId };
    await this.commands.prepare(release);
    await this.volumes.ensureMissing(release);
    const one = { name: release.serviceName, command: run.command, label: runLabel(run.id) };
    const auth = this.credentials.of(deployment);
    await this.commands.create(release, one, { auth, signal, begin: () => this.recordBegin(run) });
  }

  private async recordBegin(run: ClaimedRun): Promise<void> {
    if (run.begunAt !== null) return;
    if (!(await this.runs.begin(run, this.config.quota.runsAtOncePerUser))) throw new StaleRunError();
  }
}

/** Nothing has begun: the queue retries it, up to MAX_PREPARATIONS times. */
function unprepared({ attempt }: ClaimedRun, error: unknown, signal: AbortSignal): Verdict {
  const isPostponed = signal.aborted || error instanceof StaleRunError || error instanceof NoRunSlotError;
  if (isPostponed || attempt < MAX_PREPARATIONS) throw error;
  return notStarted('The Docker Engine could not prepare the network or the volumes of the run.');
}

/** A request without an answer may have been executed: whether there is a service decides. */
function refused(error: unknown): Verdict | undefined {
  if (!(error instanceof DockerError) || !REFUSALS.has(error.kind)) return undefined;
  return notStarted(asSentence(`The command could not be started: ${error.message}`));
}
