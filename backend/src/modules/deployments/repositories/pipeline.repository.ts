import { Injectable } from '@nestjs/common';
import { Semaphore } from '#src/common/semaphore.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { DeploymentErrorCode } from '#src/common/errors/error-registry.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { type Deployment, type DeploymentSource, type Environment, type Prisma } from '#src/generated/prisma/client.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { recordProgress, recordStatus } from './deployment-event-log.js';
import { DeploymentNotices } from './deployment-notices.js';
import { IN_PROGRESS_STATUSES, originsOf } from '#src/modules/deployments/domain/transitions.js';
import type { StepIdentity } from '#src/modules/deployments/domain/step-identity.js';
import { fail, openStep } from './status-statements.js';

/** A hundred workers share the pool with requests: they queue here, and leave connections to the requests. */
const MAX_WRITES = 4;

export type JobLease = Deployment & { environment: Environment };

export interface LeasedDeployment {
  claim: JobLease;
  /** the steps that need not run again */
  finished: Set<string>;
  /** By step that a run before this one began and did not end: what it was allowed counts from then. */
  deadlines: Map<string, Date>;
}

/** Thrown when another run of the job has claimed the deployment since: this one must write nothing more. */
export class StaleAttemptError extends Error {}

/** What the runner writes. Every write carries the attempt that it belongs to (fencing) and, for a status, the statuses that may come before. */
@Injectable()
export class PipelineRepository {
  private readonly writes = new Semaphore(MAX_WRITES);

  constructor(
    private readonly prisma: PrismaService,
    private readonly signals: PgNotifications,
    private readonly sites: SitesRepository,
    private readonly notices: DeploymentNotices,
  ) {}

  /** Takes the deployment for this run. Undefined when there is nothing to do: it ended, or never was. */
  async claim(id: string, allowedMs: (source: DeploymentSource) => number): Promise<LeasedDeployment | undefined> {
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
      deadlines: new Map(
        steps.flatMap(({ name, endedAt, deadlineAt }) => (deadlineAt && !endedAt ? [[name, deadlineAt]] : [])),
      ),
    };
  }

  /** The end of the step before, this one's row and the status are committed together. */
  async startStep(claim: JobLease, step: StepIdentity, position: number, deadlineAt: Date): Promise<void> {
    const { status } = step;
    const begin = openStep(claim, step, position, deadlineAt);
    if (status === 'RUNNING' && claim.status !== status)
      await this.writes.run(() => this.prisma.transaction((db) => this.resolveOutcome(db, claim, status, begin)));
    else await this.writes.run(() => expectOwn(this.prisma, begin));
    claim.status = status;
  }

  /** The step that is under way has ended, and none follows. */
  async finishStep({ id, attempt }: JobLease, error: string | null): Promise<void> {
    await this.prisma.deploymentStep.updateMany({
      where: { deploymentId: id, endedAt: null, deployment: { attempt } },
      data: { endedAt: new Date(), error },
    });
  }

  /** The step that is under way may end later. */
  async extendDeadline(db: Db, { id }: JobLease, deadlineAt: Date | undefined): Promise<void> {
    await db.deploymentStep.updateMany({
      where: { deploymentId: id, endedAt: null },
      data: { deadlineAt: deadlineAt ?? null },
    });
  }

  /** The verdict, kept before anything is undone: after a crash the next run goes on undoing. */
  async recordFailure(claim: JobLease, errorCode: string, errorMessage: string): Promise<void> {
    await this.save(claim, { errorCode, errorMessage });
    Object.assign(claim, { errorCode, errorMessage });
  }

  async fail(claim: JobLease): Promise<void> {
    await this.writes.run(() => this.prisma.transaction((db) => this.resolveOutcome(db, claim, 'FAILED', fail(claim))));
  }

  /** Cancels these: what waits is FAILED at once, what runs is told to end. */
  async cancel(db: Db, ids: string[]): Promise<void> {
    const own = { id: { in: ids } };
    await db.deployment.updateMany({
      where: { ...own, cancelRequestedAt: null },
      data: { cancelRequestedAt: new Date() },
    });
    await this.failPending(db, own, 'CANCELLED', 'The deployment was cancelled before it began.');
    for (const deploymentId of ids) await this.signals.publish(db, 'deployment.cancel', { deploymentId });
  }

  /** Releases of the name that wait for another one: a newer one is there. */
  async supersede(db: Db, environmentId: string, name: string): Promise<void> {
    const first = await db.deployment.findFirst({
      where: { environmentId, name, status: { in: IN_PROGRESS_STATUSES } },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      select: { id: true },
    });
    if (!first) return;
    const message = `A newer release of ${name} took its place before it began.`;
    await this.failPending(db, { environmentId, name, id: { not: first.id } }, 'SUPERSEDED', message);
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

  /** One row for each replica. */
  async expectContainers({ id, attempt }: JobLease, service: { id: string; name: string }): Promise<void> {
    await this.prisma.$executeRaw`
      INSERT INTO "Container" (id, "deploymentId", slot, name, "dockerServiceId")
      SELECT gen_random_uuid(), id, generate_series(1, replicas), ${service.name}, ${service.id} FROM "Deployment"
      WHERE id = ${id} AND attempt = ${attempt} ON CONFLICT DO NOTHING`;
  }

  async saveProgress(claim: JobLease, progress: object): Promise<void> {
    await recordProgress(this.prisma, claim, progress);
  }

  /** Releases of the same name that run, other than this one. */
  previous(claim: JobLease): Promise<Deployment[]> {
    const { environmentId, name, id, createdAt } = claim;
    return this.prisma.deployment.findMany({
      where: { environmentId, name, status: 'RUNNING', id: { not: id }, createdAt: { lte: createdAt } },
    });
  }

  /** Something that ran no longer does: it was replaced or removed. */
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
      await db.container.updateMany({ where: { deploymentId }, data: { status: 'STOPPED', healthStatus: 'NONE' } });
    });
  }

  /** With what else hears of how it ended. */
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
