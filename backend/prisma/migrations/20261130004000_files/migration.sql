-- Files that releases mount. Their contents are stored once per environment, encrypted.
ALTER TABLE "Deployment" ADD COLUMN "files" JSONB NOT NULL DEFAULT '[]';

CREATE TABLE "FileContent" (
    "environmentId" TEXT NOT NULL,
    "contentId" TEXT NOT NULL,
    "sealed" TEXT NOT NULL,
    "sizeBytes" INTEGER NOT NULL,
    "usedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "mounts" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "FileContent_pkey" PRIMARY KEY ("environmentId", "contentId")
);

ALTER TABLE "FileContent" ADD CONSTRAINT "FileContent_environmentId_fkey" FOREIGN KEY ("environmentId") REFERENCES "Environment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
