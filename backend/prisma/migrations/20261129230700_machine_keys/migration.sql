-- Keys with a name, bound to environments and addresses, and the key that made them. Older keys have no bounds.
ALTER TABLE "ApiKey" ADD COLUMN "name" TEXT;
ALTER TABLE "ApiKey" ADD COLUMN "environmentIds" TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "ApiKey" ADD COLUMN "allowAddresses" TEXT[] DEFAULT ARRAY[]::TEXT[];
ALTER TABLE "ApiKey" ADD COLUMN "createdByKeyId" TEXT;

CREATE INDEX "ApiKey_createdByKeyId_idx" ON "ApiKey"("createdByKeyId");

-- A magic link creates such a key.
ALTER TABLE "MagicLink" ADD COLUMN "keyName" TEXT;
ALTER TABLE "MagicLink" ADD COLUMN "environmentIds" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- A bound key deploys only its own uploads.
ALTER TABLE "Upload" ADD COLUMN "keyId" TEXT;
