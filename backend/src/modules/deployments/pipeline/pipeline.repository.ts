import { Injectable } from '@nestjs/common';
import { Semaphore } from '../../../common/semaphore.js';
import { type Db, PrismaService } from '../../../core/database/prisma.service.js';
import type { DeploymentErrorCode } from '../../../common/errors/error-registry.js';
import { Signals } from '../../../core/database/signals.js';
import type {
  Deployment,
  DeploymentSource,
  DeploymentStatus,
  Environment,
  Prisma,
} from '../../../generated/prisma/client.js';
import { SitesRepository } from '../../ingress/sites.repository.js';
import { recordStatus } from '../state/deployment-event-log.js';
import { DeploymentNotices } from '../state/deployment-notices.js';
import { IN_PROGRESS_STATUSES, originsOf } from '../state/transitions.js';
import type { DeployStep } from './deploy-step.js';

/** Fifty deployments at once must leave connections, and the processor, for those who read. */
const WRITERS = 4;

export type Claim = Deployment & { environment: Environment };

export interface Taken {
  claim: Claim;
  /** the steps that need not run again */
  finished: Set<string>;
  /** By step that a run before this one began and did not end: what it was allowed counts from then. */
  deadlines: Map<string, Date>;
}

/** Thrown when another run of the job has claimed the deployment since: this one must write nothing more. */
export class LostClaim extends Error {}

/** What the runner writes. Every write carries the attempt that it belongs to (fencing) and, for a status, the statuses that may come before. */
@Injectable()
export class PipelineRepository {
  private readonly turns = new Semaphore(WRITERS);

  constructor(
    private readonly prisma: PrismaService,
    private readonly signals: Signals,
    private readonly sites: SitesRepository,
    private readonly notices: DeploymentNotices,
  ) {}

  /** Takes the deployment for this run. Undefined when there is nothing to do: it ended, or never was. */
  claim(id: string, allowedMs: (source: DeploymentSource) => number): Promise<Taken | undefined> {
    return this.turns.run(() => this.take(id, allowedMs));
  }

  /** The step's row and the status in one transaction. */
  async open(claim: Claim, step: DeployStep, position: number, deadlineAt: Date): Promise<void> {
    await this.write(claim, async (db) => {
      const key = { deploymentId_name: { deploymentId: claim.id, name: step.name } };
      const row = { startedAt: new Date(), endedAt: null, error: null, deadlineAt };
      await db.deploymentStep.upsert({
        where: key,
        create: { deploymentId: claim.id, name: step.name, position, ...row },
        update: row,
      });
      if (claim.status !== step.status)
        await this.move(
          db,
          claim,
          step.status,
          step.status === 'RUNNING' ? { completedAt: new Date(), progress: null } : {},
        );
    });
  }

  async close(claim: Claim, stepName: string, error: string | null): Promise<void> {
    await this.turns.run(() =>
      this.prisma.deploymentStep.updateMany({
        where: { deploymentId: claim.id, name: stepName, deployment: { attempt: claim.attempt } },
        data: { endedAt: new Date(), error },
      }),
    );
  }

  /** The step that is under way may end later. */
  async postpone(db: Db, { id }: Claim, deadlineAt: Date | undefined): Promise<void> {
    await db.deploymentStep.updateMany({
      where: { deploymentId: id, endedAt: null },
      data: { deadlineAt: deadlineAt ?? null },
    });
  }

  /** The verdict, kept before anything is undone: after a crash the next run goes on undoing. */
  async condemn(claim: Claim, errorCode: string, errorMessage: string): Promise<void> {
    await this.save(claim, { errorCode, errorMessage });
    Object.assign(claim, { errorCode, errorMessage });
  }

  async fail(claim: Claim): Promise<void> {
    await this.write(claim, (db) => this.move(db, claim, 'FAILED', { completedAt: new Date(), progress: null }));
  }

  /** Cancels these: what waits is FAILED at once, what runs is told to end. */
  async cancel(db: Db, ids: string[]): Promise<void> {
    const own = { id: { in: ids } };
    await db.deployment.updateMany({
      where: { ...own, cancelRequestedAt: null },
      data: { cancelRequestedAt: new Date() },
    });
    await this.endWaiting(db, own, 'CANCELLED', 'The deployment was cancelled before it began.');
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
    await this.endWaiting(db, { environmentId, name, id: { not: first.id } }, 'SUPERSEDED', message);
  }

  private async endWaiting(
    db: Db,
    where: Prisma.DeploymentWhereInput,
    errorCode: DeploymentErrorCode,
    errorMessage: string,
  ): Promise<void> {
    const ended = await db.deployment.updateManyAndReturn({
      where: { ...where, status: 'PENDING' },
      data: { status: 'FAILED', errorCode, errorMessage, completedAt: new Date() },
      select: { id: true, jobId: true },
    });
    for (const { id: deploymentId, jobId } of ended) {
      await recordStatus(db, deploymentId, { status: 'FAILED', errorCode, errorMessage });
      await this.notices.add(db, deploymentId, 'FAILED');
      await this.signals.publish(db, 'deployment.changed', { deploymentId, jobId });
    }
  }

  async save(
    claim: Claim,
    data: Prisma.DeploymentUpdateManyMutationInput,
    also?: (db: Db) => Promise<void>,
  ): Promise<void> {
    await this.write(claim, async (db) => {
      const { count } = await db.deployment.updateMany({ where: { id: claim.id, attempt: claim.attempt }, data });
      if (count === 0) throw new LostClaim();
      await also?.(db);
    });
  }

  /** Releases of the same name that run, other than this one. */
  previous(claim: Claim): Promise<Deployment[]> {
    const { environmentId, name, id, createdAt } = claim;
    return this.prisma.deployment.findMany({
      where: { environmentId, name, status: 'RUNNING', id: { not: id }, createdAt: { lte: createdAt } },
    });
  }

  /** Something that ran no longer does: it was replaced or removed. */
  async stop(deploymentId: string, jobId: string): Promise<void> {
    await this.prisma.transaction(async (db) => {
      const [stopped] = await db.deployment.updateManyAndReturn({
        where: { id: deploymentId, status: { in: originsOf('STOPPED') } },
        data: { status: 'STOPPED' },
        select: { environmentId: true },
      });
      if (!stopped) return;
      await this.sites.follow(db, stopped.environmentId);
      await recordStatus(db, deploymentId, { status: 'STOPPED' });
      await db.container.updateMany({ where: { deploymentId }, data: { status: 'STOPPED', healthStatus: 'NONE' } });
      await this.signals.publish(db, 'deployment.changed', { deploymentId, jobId });
    });
  }

  private async take(id: string, allowedMs: (source: DeploymentSource) => number): Promise<Taken | undefined> {
    const [taken] = await this.prisma.deployment.updateManyAndReturn({
      where: { id, status: { notIn: ['FAILED', 'STOPPED'] } },
      data: { attempt: { increment: 1 } },
      select: { source: true },
    });
    if (!taken) return undefined;
    const deadlineMs = allowedMs(taken.source);
    await this.prisma
      .$executeRaw`UPDATE "Deployment" SET "deadlineAt" = now() + ${deadlineMs} * interval '1 millisecond' WHERE id = ${id} AND "deadlineAt" IS NULL`;
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

  private async move(
    db: Db,
    claim: Claim,
    to: DeploymentStatus,
    data: { completedAt?: Date; progress?: null },
  ): Promise<void> {
    const { progress, ...columns } = data;
    const startedAt = claim.startedAt ?? new Date();
    const { count } = await db.deployment.updateMany({
      where: { id: claim.id, attempt: claim.attempt, status: { in: originsOf(to) } },
      data: {
        status: to,
        ...columns,
        ...(progress === null && { progress: null as never }),
        startedAt,
      },
    });
    if (count === 0) throw new LostClaim();
    if (to === 'RUNNING' || claim.status === 'RUNNING') await this.sites.follow(db, claim.environmentId);
    const { errorCode, errorMessage } = claim;
    await recordStatus(db, claim.id, { status: to, ...(to === 'FAILED' && { errorCode, errorMessage }) });
    await this.notices.add(db, claim.id, to);
    Object.assign(claim, { status: to, startedAt, ...columns });
  }

  private async write(claim: Claim, run: (db: Db) => Promise<void>): Promise<void> {
    const transaction = () =>
      this.prisma.transaction(async (db) => {
        await run(db);
        await this.signals.publish(db, 'deployment.changed', { deploymentId: claim.id, jobId: claim.jobId });
      });
    await this.turns.run(transaction);
  }
}
