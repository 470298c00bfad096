ALTER TABLE "Deployment" ADD COLUMN "buildSecrets" TEXT;
