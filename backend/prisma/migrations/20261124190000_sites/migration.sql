-- CreateEnum
CREATE TYPE "SiteState" AS ENUM ('SERVED', 'LEAVING');

-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "virtualHost" TEXT,
ADD COLUMN     "virtualPort" INTEGER;

-- AlterTable
ALTER TABLE "Certificate" ADD COLUMN     "orderKey" TEXT,
ADD COLUMN     "orderUrl" TEXT;

-- CreateTable
CREATE TABLE "Site" (
    "id" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "state" "SiteState" NOT NULL DEFAULT 'SERVED',
    "environmentId" TEXT,
    "targetName" TEXT,
    "targetPort" INTEGER,
    "provenAt" TIMESTAMPTZ(3),
    "reachedAt" TIMESTAMPTZ(3),
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Site_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "CertificateOrder" (
    "id" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "orderedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "isIssued" BOOLEAN,
    "notBefore" TIMESTAMPTZ(3),

    CONSTRAINT "CertificateOrder_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Site_domain_key" ON "Site"("domain");

-- CreateIndex
CREATE INDEX "Site_environmentId_idx" ON "Site"("environmentId");

-- CreateIndex
CREATE INDEX "CertificateOrder_domain_orderedAt_idx" ON "CertificateOrder"("domain", "orderedAt");

-- CreateIndex
CREATE INDEX "CertificateOrder_orderedAt_idx" ON "CertificateOrder"("orderedAt");

-- AddForeignKey
ALTER TABLE "Site" ADD CONSTRAINT "Site_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Certificate" ADD CONSTRAINT "Certificate_domain_fkey" FOREIGN KEY ("domain") REFERENCES "Site"("domain") ON DELETE CASCADE ON UPDATE CASCADE;
