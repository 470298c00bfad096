-- A push to a repository redeploys a name; what was delivered once is not taken again.
CREATE TABLE "DeployHook" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "environmentId" TEXT NOT NULL REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "name" TEXT NOT NULL,
  "secret" TEXT NOT NULL,
  "branch" TEXT,
  "paths" TEXT[],
  "lastDeliveryAt" TIMESTAMPTZ(3),
  "lastOutcome" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX "DeployHook_environmentId_name_key" ON "DeployHook"("environmentId", "name");
CREATE TABLE "HookDelivery" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "hookId" TEXT NOT NULL REFERENCES "DeployHook"("id") ON DELETE CASCADE ON UPDATE CASCADE,
  "deliveryId" TEXT NOT NULL,
  "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE UNIQUE INDEX "HookDelivery_hookId_deliveryId_key" ON "HookDelivery"("hookId", "deliveryId");
CREATE INDEX "HookDelivery_receivedAt_idx" ON "HookDelivery"("receivedAt");
-- Where a container runs; where a deployment has to run, as its volumes or its image are there and nowhere else.
ALTER TABLE "Container" ADD COLUMN "node" TEXT;
ALTER TABLE "Deployment" ADD COLUMN "nodeId" TEXT;
ALTER TABLE "Deployment" ADD COLUMN "node" TEXT;
