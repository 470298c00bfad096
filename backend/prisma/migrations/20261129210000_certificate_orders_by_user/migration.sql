-- The user whose name was ordered; null for the platform's own name and for earlier orders.
ALTER TABLE "CertificateOrder" ADD COLUMN "userId" TEXT;

CREATE INDEX "CertificateOrder_userId_orderedAt_idx" ON "CertificateOrder"("userId", "orderedAt");
