ALTER TYPE "DeploymentSource" ADD VALUE 'UPLOAD';

ALTER TABLE "Deployment" ADD COLUMN "uploadId" TEXT, ADD COLUMN "sourceSha256" TEXT;

CREATE INDEX "Deployment_uploadId_idx" ON "Deployment"("uploadId");

CREATE TABLE "Upload" (
    "id" TEXT NOT NULL,
    "userId" TEXT NOT NULL,
    "isGzip" BOOLEAN NOT NULL,
    "sizeBytes" BIGINT NOT NULL DEFAULT 0,
    "sha256" TEXT,
    "receiverKey" INTEGER NOT NULL,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "completedAt" TIMESTAMPTZ(3),
    "expiresAt" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "Upload_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "UploadChunk" (
    "uploadId" TEXT NOT NULL,
    "position" INTEGER NOT NULL,
    "content" BYTEA NOT NULL,

    CONSTRAINT "UploadChunk_pkey" PRIMARY KEY ("uploadId","position")
);

-- An archive is compressed already, or is not worth the processor time.
ALTER TABLE "UploadChunk" ALTER COLUMN "content" SET STORAGE EXTERNAL;

CREATE INDEX "Upload_userId_idx" ON "Upload"("userId");
CREATE INDEX "Upload_expiresAt_idx" ON "Upload"("expiresAt");

ALTER TABLE "Upload" ADD CONSTRAINT "Upload_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "UploadChunk" ADD CONSTRAINT "UploadChunk_uploadId_fkey" FOREIGN KEY ("uploadId") REFERENCES "Upload"("id") ON DELETE CASCADE ON UPDATE CASCADE;
