import { Injectable } from '@nestjs/common';
import { NEWEST_FIRST } from '#src/common/pagination.js';
import { Semaphore } from '#src/common/semaphore.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { type Deployment, type DeploymentSource, type Environment, type Prisma } from '#src/generated/prisma/client.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { recordProgress, recordStatus } from './deployment-events.repository.js';
import { DeploymentNotices } from './deployment-notices.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES, originsOf } from '#src/modules/deployments/domain/transitions.js';
import type { StepIdentity } from '#src/modules/deployments/domain/step-identity.js';
import { fail, openStep } from './status-statements.js';

/** Limits writes of the workers, so that up to a hundred workers queue here and leave connections to requests. */
const MAX_WRITES = 4;

const STARTED_STATUSES = LIVE_STATUSES.filter((status) => status !== 'PENDING');
/** The step that drains; the pipeline table has its class. */
const RETIRE_STEP = 'RetirePrevious';

export type JobLease = Deployment & { environment: Environment };

export interface LeasedDeployment {
  claim: JobLease;
  /** names of the steps that need not run again */
  finished: Set<string>;
  /** names of the steps that an earlier attempt started and did not finish */
  open: Set<string>;
  /** Deadlines by step name, of steps that an earlier attempt started and did not finish. */
  deadlines: Map<string, Date>;
}

/** Thrown when another worker has superseded this attempt, which must not write any more. */
export class StaleAttemptError extends Error {}

/**
 * Writes of the pipeline. Every write checks its attempt (fencing) and, for a status, the statuses that may precede it.
 */
@Injectable()
export class PipelineRepository {
  private readonly writes = new Semaphore(MAX_WRITES);

  constructor(
    private readonly prisma: PrismaService,
    private readonly signals: PgNotifications,
    private readonly sites: SitesRepository,
    private readonly notices: DeploymentNotices,
  ) {}

  /** Claims the deployment for a new attempt. Undefined when it has ended or does not exist. */
  async claim(id: string, allowedMs: (source: DeploymentSource) => number): Promise<LeasedDeployment | undefined> {
    await this.supersedeOvertaken(id);
    const count = await this.prisma.$executeRaw`
      UPDATE "Deployment" SET attempt = attempt + 1, "deadlineAt" = coalesce("deadlineAt",
        now() + (CASE source WHEN 'GIT' THEN ${allowedMs('GIT')}::float8 WHEN 'UPLOAD' THEN ${allowedMs('UPLOAD')}::float8
          ELSE ${allowedMs('IMAGE')}::float8 END) * interval '1 millisecond')
      WHERE id = ${id} AND status NOT IN ('FAILED', 'STOPPED')`;
    if (count === 0) return undefined;
    const { steps, ...claim } = await this.prisma.deployment.findUniqueOrThrow({
      where: { id },
      include: { environment: true, steps: true },
    });
    return {
      claim,
      finished: new Set(steps.filter(({ endedAt, error }) => endedAt && !error).map(({ name }) => name)),
      open: new Set(steps.filter(({ endedAt }) => !endedAt).map(({ name }) => name)),
      deadlines: new Map(
        steps.flatMap(({ name, endedAt, deadlineAt }) => (deadlineAt && !endedAt ? [[name, deadlineAt]] : [])),
      ),
    };
  }

  /** Commits the end of the previous step, this step's row and the status together. */
  async startStep(claim: JobLease, step: StepIdentity, position: number, deadlineAt: Date): Promise<void> {
    const { status } = step;
    const statement = openStep(claim, step, position, deadlineAt);
    if (status === 'RUNNING' && claim.status !== status)
      await this.writes.run(() => this.prisma.transaction((db) => this.resolveOutcome(db, claim, status, statement)));
    else await this.writes.run(() => expectOwn(this.prisma, statement));
    claim.status = status;
  }

  /** Ends the current step. */
  async finishStep({ id, attempt }: JobLease, error: string | null): Promise<void> {
    await this.prisma.deploymentStep.updateMany({
      where: { deploymentId: id, endedAt: null, deployment: { attempt } },
      data: { endedAt: new Date(), error },
    });
  }

  /** Sets a later deadline for the current step. */
  async extendDeadline(db: Db, { id }: JobLease, deadlineAt: Date | undefined): Promise<void> {
    await db.deploymentStep.updateMany({
      where: { deploymentId: id, endedAt: null },
      data: { deadlineAt: deadlineAt ?? null },
    });
  }

  /** Stores the error before the rollback: after a crash the next attempt resumes the rollback. */
  async recordFailure(claim: JobLease, errorCode: string, errorMessage: string): Promise<void> {
    await this.save(claim, { errorCode, errorMessage });
    Object.assign(claim, { errorCode, errorMessage });
  }

  async fail(claim: JobLease): Promise<void> {
    await this.writes.run(() => this.prisma.transaction((db) => this.resolveOutcome(db, claim, 'FAILED', fail(claim))));
  }

  /** Cancels deployments: a pending one becomes FAILED at once, a running pipeline is notified. */
  async cancel(db: Db, ids: string[]): Promise<void> {
    const own = { id: { in: ids } };
    await db.deployment.updateMany({
      where: { ...own, cancelRequestedAt: null },
      data: { cancelRequestedAt: new Date() },
    });
    await this.failPending(db, own, 'CANCELLED', 'The deployment was cancelled before it started.');
    for (const deploymentId of ids) await this.signals.publish(db, 'deployment.cancel', { deploymentId });
  }

  /** Fails the pending releases of the name, except the oldest in progress: a newer release is created. */
  async supersede(db: Db, environmentId: string, name: string): Promise<void> {
    const first = await db.deployment.findFirst({
      where: { environmentId, name, status: { in: IN_PROGRESS_STATUSES } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      select: { id: true },
    });
    if (!first) return;
    const message = `A newer release of ${name} replaced it before it started.`;
    await this.failPending(db, { environmentId, name, id: { not: first.id } }, 'SUPERSEDED', message);
  }

  /**
   * Fails a pending release when a newer one of its name has started before it, because the queue orders by priority
   * first: neither would retire the other.
   */
  private async supersedeOvertaken(id: string): Promise<void> {
    const pending = await this.prisma.deployment.findFirst({ where: { id, status: 'PENDING' } });
    if (!pending) return;
    const { environmentId, name, createdAt } = pending;
    const newer = await this.prisma.deployment.count({
      where: { environmentId, name, createdAt: { gt: createdAt }, status: { in: STARTED_STATUSES } },
    });
    const message = `A newer release of ${name} started before it.`;
    if (newer > 0) await this.prisma.transaction((db) => this.failPending(db, { id }, 'SUPERSEDED', message));
  }

  private async failPending(
    db: Db,
    where: Prisma.DeploymentWhereInput,
    errorCode: DeploymentErrorCode,
    errorMessage: string,
  ): Promise<void> {
    const ended = await db.deployment.updateManyAndReturn({
      where: { ...where, status: 'PENDING' },
      data: { status: 'FAILED', errorCode, errorMessage, completedAt: new Date() },
      select: { id: true },
    });
    for (const { id: deploymentId } of ended) {
      await recordStatus(db, deploymentId, { status: 'FAILED', errorCode, errorMessage });
      await this.notices.add(db, deploymentId, 'FAILED');
    }
  }

  async save(
    claim: JobLease,
    data: Prisma.DeploymentUpdateManyMutationInput,
    also?: (db: Db) => Promise<void>,
  ): Promise<void> {
    const own = async (db: Db) => {
      const { count } = await db.deployment.updateMany({ where: { id: claim.id, attempt: claim.attempt }, data });
      if (count === 0) throw new StaleAttemptError();
      await also?.(db);
    };
    await this.writes.run(() => (also ? this.prisma.transaction(own) : own(this.prisma)));
  }

  /** Creates one Container row per replica. */
  async expectContainers({ id, attempt }: JobLease, service: { id: string; name: string }): Promise<void> {
    await this.prisma.$executeRaw`
      INSERT INTO "Container" (id, "deploymentId", slot, name, "dockerServiceId")
      SELECT gen_random_uuid(), id, generate_series(1, replicas), ${service.name}, ${service.id} FROM "Deployment"
      WHERE id = ${id} AND attempt = ${attempt} ON CONFLICT DO NOTHING`;
  }

  async saveProgress(claim: JobLease, progress: object): Promise<void> {
    await recordProgress(this.prisma, claim, progress);
  }

  /** Older releases of the same name that are RUNNING, the newest first. */
  previous({ environmentId, name, id, createdAt }: Deployment): Promise<Deployment[]> {
    return this.prisma.deployment.findMany({
      where: { environmentId, name, status: 'RUNNING', id: { not: id }, createdAt: { lte: createdAt } },
      orderBy: NEWEST_FIRST,
    });
  }

  /** The deployment, if it is RUNNING and still drains the previous release. */
  draining(id: string): Promise<Deployment | null> {
    return this.prisma.deployment.findFirst({
      where: { id, status: 'RUNNING', steps: { some: { name: RETIRE_STEP, endedAt: null } } },
    });
  }

  /** Sets a deployment that was replaced or removed to STOPPED; it drains no release any more. */
  async stop(deploymentId: string): Promise<void> {
    await this.prisma.transaction(async (db) => {
      const [stopped] = await db.deployment.updateManyAndReturn({
        where: { id: deploymentId, status: { in: originsOf('STOPPED') } },
        data: { status: 'STOPPED' },
        select: { environmentId: true },
      });
      if (!stopped) return;
      await this.sites.enqueueConvergence(db, stopped.environmentId);
      await recordStatus(db, deploymentId, { status: 'STOPPED' });
      await db.deploymentStep.updateMany({ where: { deploymentId, endedAt: null }, data: { endedAt: new Date() } });
      await db.container.updateMany({ where: { deploymentId }, data: { status: 'STOPPED', healthStatus: 'NONE' } });
    });
  }

  /** Commits the outcome with its site convergence and the owner's notification. */
  private async resolveOutcome(db: Db, claim: JobLease, to: 'RUNNING' | 'FAILED', change: Prisma.Sql): Promise<void> {
    const { status: from, environmentId, id } = claim;
    await expectOwn(db, change);
    if (to === 'RUNNING' || from === 'RUNNING') await this.sites.enqueueConvergence(db, environmentId);
    await this.notices.add(db, id, to);
  }
}

async function expectOwn(db: Db, statement: Prisma.Sql): Promise<void> {
  if ((await db.$executeRaw(statement)) === 0) throw new StaleAttemptError();
}
