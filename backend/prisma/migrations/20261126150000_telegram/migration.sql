-- CreateEnum
CREATE TYPE "UserAccess" AS ENUM ('UNKNOWN', 'ALLOWED', 'OPERATOR', 'REMOVED');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "access" "UserAccess" NOT NULL DEFAULT 'UNKNOWN',
ADD COLUMN     "accessRequestedAt" TIMESTAMPTZ(3),
ADD COLUMN     "notify" BOOLEAN;

-- AlterTable
ALTER TABLE "MagicLink" ADD COLUMN     "messageId" INTEGER,
ADD COLUMN     "voidedAt" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN     "via" TEXT NOT NULL DEFAULT 'API';

-- CreateTable
CREATE TABLE "PairingCode" (
    "code" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,
    "usedAt" TIMESTAMPTZ(3),

    CONSTRAINT "PairingCode_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "TelegramUpdate" (
    "updateId" BIGINT NOT NULL,
    "receivedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TelegramUpdate_pkey" PRIMARY KEY ("updateId")
);

-- CreateIndex
CREATE INDEX "TelegramUpdate_receivedAt_idx" ON "TelegramUpdate"("receivedAt");
