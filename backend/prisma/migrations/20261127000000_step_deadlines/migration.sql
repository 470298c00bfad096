-- Every step has a deadline of its own that outlives the process that began it.
ALTER TABLE "DeploymentStep" ADD COLUMN "deadlineAt" TIMESTAMPTZ(3);
