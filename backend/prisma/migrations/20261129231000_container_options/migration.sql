-- Init process, stop signal and grace period, and folders in memory. Releases of an earlier version keep what they had.
ALTER TABLE "Deployment" ADD COLUMN "tmpfs" JSONB NOT NULL DEFAULT '[]';
ALTER TABLE "Deployment" ADD COLUMN "init" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Deployment" ADD COLUMN "stopGraceSeconds" INTEGER NOT NULL DEFAULT 10;
ALTER TABLE "Deployment" ADD COLUMN "stopSignal" TEXT;
