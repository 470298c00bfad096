-- AlterTable
ALTER TABLE "Deployment" ADD COLUMN     "build" JSONB,
ADD COLUMN     "buildArgNames" TEXT[],
ADD COLUMN     "buildArgs" TEXT;

-- AlterTable
ALTER TABLE "DeploymentLog" ADD COLUMN     "part" INTEGER NOT NULL DEFAULT 0;
