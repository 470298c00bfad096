import { newId } from '#src/common/time/id-source.js';
import { type Deployment, type DeploymentStatus, Prisma } from '#src/generated/prisma/client.js';
import { eventData } from './deployment-events.repository.js';
import { originsOf } from '#src/modules/deployments/domain/transitions.js';
import type { StepIdentity } from '#src/modules/deployments/domain/step-identity.js';

type JobLease = Pick<Deployment, 'id' | 'attempt' | 'status' | 'errorCode' | 'errorMessage'>;

/*
 * A deployment changes its status in one statement. `own` selects the updated row, or no row when another attempt is
 * current or the transition is not allowed. Then nothing else is written, and the statement counts zero rows.
 */

/** Ends the previous step, creates this step's row and updates the status. */
export function openStep(
  claim: JobLease,
  { name, status }: StepIdentity,
  position: number,
  deadlineAt: Date,
): Prisma.Sql {
  const event = claim.status === status ? Prisma.sql`SELECT` : statusEvent({ status });
  return Prisma.sql`
    WITH own AS (${moved(claim, status)}), recorded AS (${event}),
    ended AS (
      UPDATE "DeploymentStep" s SET "endedAt" = now(), error = NULL FROM own
      WHERE s."deploymentId" = own.id AND s."endedAt" IS NULL AND s.name <> ${name})
    INSERT INTO "DeploymentStep" AS s (id, "deploymentId", name, position, "startedAt", "deadlineAt")
    SELECT ${newId()}, id, ${name}, ${position}, now(), ${deadlineAt} FROM own
    ON CONFLICT ("deploymentId", name) DO UPDATE
    SET "startedAt" = EXCLUDED."startedAt", "deadlineAt" = EXCLUDED."deadlineAt", "endedAt" = NULL, error = NULL`;
}

/** Sets FAILED with the error that the row already has. */
export function fail(claim: JobLease): Prisma.Sql {
  const { errorCode, errorMessage } = claim;
  return Prisma.sql`WITH own AS (${moved(claim, 'FAILED')}) ${statusEvent({ status: 'FAILED', errorCode, errorMessage })}`;
}

function moved({ id, attempt, status }: JobLease, to: DeploymentStatus): Prisma.Sql {
  const own = Prisma.sql`id = ${id} AND attempt = ${attempt}`;
  if (status === to) return Prisma.sql`SELECT id FROM "Deployment" WHERE ${own} FOR NO KEY UPDATE`;
  const isDecided = to === 'RUNNING' || to === 'FAILED';
  return Prisma.sql`
    UPDATE "Deployment" SET status = ${to}::"DeploymentStatus", "startedAt" = coalesce("startedAt", now()), "updatedAt" = now()
    ${isDecided ? Prisma.sql`, "completedAt" = now(), progress = NULL` : Prisma.empty}
    WHERE ${own} AND status = ANY(${originsOf(to)}::"DeploymentStatus"[]) RETURNING id`;
}

function statusEvent(change: Parameters<typeof eventData>[0]): Prisma.Sql {
  const data = JSON.stringify(eventData(change));
  return Prisma.sql`INSERT INTO "DeploymentEvent" ("deploymentId", kind, data) SELECT id, 'STATUS', ${data}::jsonb FROM own`;
}
