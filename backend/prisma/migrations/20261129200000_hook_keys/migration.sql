-- A hook works as long as the key that made it. Hooks from before this column work as long as the user has access.
ALTER TABLE "DeployHook" ADD COLUMN "keyId" TEXT;

CREATE INDEX "DeployHook_keyId_idx" ON "DeployHook"("keyId");

ALTER TABLE "DeployHook" ADD CONSTRAINT "DeployHook_keyId_fkey" FOREIGN KEY ("keyId") REFERENCES "ApiKey"("keyId") ON DELETE CASCADE ON UPDATE CASCADE;
