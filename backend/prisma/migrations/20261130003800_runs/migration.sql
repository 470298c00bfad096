CREATE TYPE "RunStatus" AS ENUM ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELLED');
CREATE TYPE "RunTrigger" AS ENUM ('API', 'SCHEDULE');

CREATE TABLE "Run" (
    "id" TEXT NOT NULL,
    "jobId" TEXT NOT NULL,
    "environmentId" TEXT NOT NULL,
    "deploymentId" TEXT,
    "name" TEXT NOT NULL,
    "command" TEXT[],
    "envVars" TEXT,
    "envVarNames" TEXT[],
    "resources" JSONB NOT NULL,
    "timeoutSeconds" INTEGER NOT NULL,
    "trigger" "RunTrigger" NOT NULL DEFAULT 'API',
    "status" "RunStatus" NOT NULL DEFAULT 'PENDING',
    "exitCode" INTEGER,
    "errorCode" TEXT,
    "errorMessage" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "begunAt" TIMESTAMPTZ(3),
    "outcome" "RunStatus",
    "cancelRequestedAt" TIMESTAMPTZ(3),
    "deadlineAt" TIMESTAMPTZ(3),
    "startedAt" TIMESTAMPTZ(3),
    "endedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Run_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "RunLog" (
    "runId" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "RunLog_pkey" PRIMARY KEY ("runId")
);

CREATE UNIQUE INDEX "Run_jobId_key" ON "Run"("jobId");
CREATE INDEX "Run_environmentId_createdAt_id_idx" ON "Run"("environmentId", "createdAt", "id");
CREATE INDEX "Run_environmentId_name_createdAt_idx" ON "Run"("environmentId", "name", "createdAt");
CREATE INDEX "Run_deploymentId_idx" ON "Run"("deploymentId");
CREATE INDEX "Run_status_idx" ON "Run"("status");

ALTER TABLE "Run" ADD CONSTRAINT "Run_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "Run" ADD CONSTRAINT "Run_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "RunLog" ADD CONSTRAINT "RunLog_runId_fkey" FOREIGN KEY ("runId") REFERENCES "Run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Every instance is notified when a change of a run is committed. SignalPayloads has the payload.
CREATE FUNCTION berth_run_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('berth', json_build_object('name', 'run.changed', 'payload', json_build_object('runId', NEW.id))::text);
  RETURN NULL;
END $$;

CREATE TRIGGER tell_changed AFTER UPDATE ON "Run" FOR EACH ROW EXECUTE FUNCTION berth_run_changed();
