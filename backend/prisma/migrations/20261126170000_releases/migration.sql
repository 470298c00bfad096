-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "rollbackOfId" TEXT;
