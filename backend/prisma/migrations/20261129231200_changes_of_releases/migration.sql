-- A change or a promotion reuses an image, as a rollback does, and runs the release command, which a rollback does not.
ALTER TABLE "Deployment" ADD COLUMN "isChange" BOOLEAN NOT NULL DEFAULT false;
-- When each variable got its value: JSON object of name to time. Null: when the row was created.
ALTER TABLE "Deployment" ADD COLUMN "envVarsUpdatedAt" JSONB;
