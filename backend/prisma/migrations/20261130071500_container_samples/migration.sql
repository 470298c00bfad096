-- CPU, memory and network counters of containers: one row per container and ten minutes, to which every sampling appends.
CREATE TABLE "ContainerSamples" (
    "deploymentId" TEXT NOT NULL,
    "periodAt" TIMESTAMPTZ(3) NOT NULL,
    "containerId" TEXT NOT NULL,
    "replica" INTEGER NOT NULL,
    "startedAt" TIMESTAMPTZ(3) NOT NULL,
    "offsetsMs" INTEGER[],
    "cpuSeconds" DOUBLE PRECISION[],
    "memoryBytes" DOUBLE PRECISION[],
    "rxBytes" DOUBLE PRECISION[],
    "txBytes" DOUBLE PRECISION[],

    CONSTRAINT "ContainerSamples_pkey" PRIMARY KEY ("deploymentId", "periodAt", "containerId")
) WITH (fillfactor = 50); -- Room for the next version of a row on its page: an append then changes no index.

ALTER TABLE "ContainerSamples" ADD CONSTRAINT "ContainerSamples_deploymentId_fkey" FOREIGN KEY ("deploymentId") REFERENCES "Deployment"("id") ON DELETE CASCADE ON UPDATE CASCADE;
