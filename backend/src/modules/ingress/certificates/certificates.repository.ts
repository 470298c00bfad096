import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Certificate, Site } from '#src/generated/prisma/client.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { MEMORY_MS, type PlacedOrder } from './certificate-limits.js';

export type CertificateRow = Certificate & { site: Site };

export interface IssuedCertificate {
  /** PEM, the certificate first */
  chain: string;
  privateKey: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  renewAt: Date;
}

/** Certificates, and every order that was placed for one. Private keys are sealed to the name that they are for. */
@Injectable()
export class CertificatesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sites: SitesRepository,
    private readonly secrets: SecretBox,
  ) {}

  find(domain: string): Promise<CertificateRow | null> {
    return this.prisma.certificate.findUnique({ where: { domain }, include: { site: true } });
  }

  privateKey({ domain, privateKey }: Certificate): string {
    return this.secrets.open(privateKey ?? '', contextOf(domain));
  }

  /** The key of the order in progress. */
  orderKey({ domain, orderKey }: Certificate): string | undefined {
    return orderKey ? this.secrets.open(orderKey, contextOf(domain)) : undefined;
  }

  async keepOrderKey(domain: string, key: string): Promise<void> {
    const orderKey = this.secrets.seal(key, contextOf(domain));
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderKey, orderUrl: null } });
  }

  async keepOrderUrl(domain: string, orderUrl: string): Promise<void> {
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderUrl } });
  }

  /** One that failed is not gone on with. */
  async forgetOrder(domain: string): Promise<void> {
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderUrl: null, orderKey: null } });
  }

  /** Orders of the name and times of the account's, newest first, as far back as any limit looks. */
  async orders(domain: string, now: Date): Promise<{ own: PlacedOrder[]; account: Date[] }> {
    const since = { orderedAt: { gt: new Date(now.getTime() - MEMORY_MS) } };
    const newestFirst = { orderedAt: 'desc' } as const;
    const [own, account] = await Promise.all([
      this.prisma.certificateOrder.findMany({ where: { domain, ...since }, orderBy: newestFirst, take: 100 }),
      this.prisma.certificateOrder.findMany({ where: since, orderBy: newestFirst, take: 300 }),
    ]);
    return { own, account: account.map(({ orderedAt }) => orderedAt) };
  }

  async recordOrder(domain: string, orderedAt: Date): Promise<void> {
    await this.prisma.certificateOrder.create({ data: { domain, orderedAt } });
  }

  /** What became of the last order of the name, if that was open. */
  async recordOutcome(domain: string, isIssued: boolean, notBefore: Date | null): Promise<void> {
    const open = await this.prisma.certificateOrder.findFirst({
      where: { domain, isIssued: null },
      orderBy: { orderedAt: 'desc' },
    });
    if (open) await this.prisma.certificateOrder.update({ where: { id: open.id }, data: { isIssued, notBefore } });
  }

  async forgetOrders(now: Date): Promise<void> {
    await this.prisma.certificateOrder.deleteMany({
      where: { orderedAt: { lt: new Date(now.getTime() - MEMORY_MS) } },
    });
  }

  async reached({ id, environmentId }: Site, now: Date): Promise<void> {
    const { count } = await this.prisma.site.updateMany({ where: { id, reachedAt: null }, data: { reachedAt: now } });
    // Another name may be waiting to go.
    if (count > 0 && environmentId !== null) await this.sites.converge(this.sites.db, [{ id }]);
  }

  /** The certificate, the edge that takes it, and the next look at it, in one transaction. It is ISSUED when the edge has it. */
  async issued({ domain, site }: CertificateRow, issued: IssuedCertificate): Promise<void> {
    const { privateKey, renewAt, ...columns } = issued;
    await this.sites.transaction(async (db) => {
      await db.certificate.updateMany({
        where: { domain },
        data: {
          ...columns,
          privateKey: this.secrets.seal(privateKey, contextOf(domain)),
          lastError: null,
          failures: 0,
          orderUrl: null,
          orderKey: null,
          nextAttemptAt: renewAt,
        },
      });
      await this.sites.converge(db, [site]);
      await this.sites.scheduleCertificateCheck(db, domain); // asks the server when it wants it renewed
    });
  }

  /** What serves goes on: a certificate that is still good stays ISSUED. */
  async failed(row: CertificateRow, lastError: string, nextAttemptAt: Date, now: Date): Promise<void> {
    const isGood = row.chain !== null && (row.notAfter ?? now) > now;
    await this.sites.transaction(async (db) => {
      await db.certificate.updateMany({
        where: { domain: row.domain },
        data: {
          status: isGood ? 'ISSUED' : 'FAILED',
          lastError: lastError.slice(0, 2000),
          nextAttemptAt,
          failures: { increment: 1 },
        },
      });
      await this.sites.scheduleCertificateCheck(db, row.domain, nextAttemptAt);
    });
  }

  async lookAgain(domain: string, nextAttemptAt: Date, lookAt: Date): Promise<void> {
    await this.sites.transaction(async (db) => {
      await db.certificate.updateMany({ where: { domain }, data: { nextAttemptAt } });
      await this.sites.scheduleCertificateCheck(db, domain, lookAt);
    });
  }
}

function contextOf(domain: string): string {
  return `certificate/${domain}`;
}
