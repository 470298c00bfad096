-- A release that runs is still on trial while the one before it drains; a command may have to succeed before it starts; what has a life ends by itself.
ALTER TABLE "Deployment" ADD COLUMN "drainSeconds" INTEGER NOT NULL DEFAULT 10;
ALTER TABLE "Deployment" ADD COLUMN "releaseCommand" TEXT[];
ALTER TABLE "Deployment" ADD COLUMN "releaseCommandDoneAt" TIMESTAMPTZ(3);
ALTER TABLE "Deployment" ADD COLUMN "expiresAt" TIMESTAMPTZ(3);
ALTER TABLE "Environment" ADD COLUMN "expiresAt" TIMESTAMPTZ(3);
