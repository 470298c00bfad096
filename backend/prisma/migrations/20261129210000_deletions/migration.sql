-- A deleted deployment differs from a stopped one, whose volumes are kept for its start; a lost removal job can be added again.
ALTER TABLE "Deployment" ADD COLUMN "deletedAt" TIMESTAMPTZ(3);
ALTER TABLE "Deployment" ADD COLUMN "deleteVolumes" BOOLEAN NOT NULL DEFAULT false;
