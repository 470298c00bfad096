import { Injectable } from '@nestjs/common';
import { cutText } from '#src/common/cut-text.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PrismaService } from '#src/core/database/prisma.service.js';
import type { Certificate, Site } from '#src/generated/prisma/client.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import { MAX_ORDERS, ORDER_RETENTION_MS, type OrderHistory } from './certificate-limits.js';

export type CertificateRow = Certificate & { site: Site & { environment: { userId: string } | null } };

export interface IssuedCertificate {
  /** PEM, the certificate first */
  chain: string;
  privateKey: string;
  issuer: string;
  notBefore: Date;
  notAfter: Date;
  renewAt: Date;
}

const WITH_OWNER = { site: { include: { environment: { select: { userId: true } } } } } as const;

/** Stores certificates and the orders that were placed. Each private key is encrypted for its domain name only. */
@Injectable()
export class CertificatesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly sites: SitesRepository,
    private readonly secrets: SecretBox,
  ) {}

  find(domain: string): Promise<CertificateRow | null> {
    return this.prisma.certificate.findUnique({ where: { domain }, include: WITH_OWNER });
  }

  privateKey({ domain, privateKey }: Certificate): string {
    return this.secrets.open(privateKey ?? '', contextOf(domain));
  }

  /** Returns the private key of the order in progress. */
  orderKey({ domain, orderKey }: Certificate): string | undefined {
    return orderKey ? this.secrets.open(orderKey, contextOf(domain)) : undefined;
  }

  async saveOrderKey(domain: string, key: string): Promise<void> {
    const orderKey = this.secrets.seal(key, contextOf(domain));
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderKey, orderUrl: null } });
  }

  async saveOrderUrl(domain: string, orderUrl: string): Promise<void> {
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderUrl } });
  }

  /** Clears a failed order: it is not resumed. */
  async clearOrder(domain: string): Promise<void> {
    await this.prisma.certificate.updateMany({ where: { domain }, data: { orderUrl: null, orderKey: null } });
  }

  /** Returns the retained orders of the name, and the times of all orders of its user and of the account, newest first. */
  async orders({ domain, site }: CertificateRow, now: Date): Promise<OrderHistory> {
    const userId = site.environment?.userId;
    const since = { orderedAt: { gt: new Date(now.getTime() - ORDER_RETENTION_MS) } };
    const newestFirst = { orderedAt: 'desc' } as const;
    const [own, user, account] = await Promise.all([
      this.prisma.certificateOrder.findMany({ where: { domain, ...since }, orderBy: newestFirst, take: 100 }),
      userId === undefined
        ? []
        : this.prisma.certificateOrder.findMany({
            where: { userId, ...since },
            orderBy: newestFirst,
            take: MAX_ORDERS,
          }),
      this.prisma.certificateOrder.findMany({ where: since, orderBy: newestFirst, take: MAX_ORDERS }),
    ]);
    return { own, user: user.map(({ orderedAt }) => orderedAt), account: account.map(({ orderedAt }) => orderedAt) };
  }

  async recordOrder({ domain, site }: CertificateRow, orderedAt: Date): Promise<void> {
    await this.prisma.certificateOrder.create({
      data: { domain, orderedAt, userId: site.environment?.userId ?? null },
    });
  }

  /** Records the outcome of the last order of the name, if it has none. */
  async recordOutcome(domain: string, isIssued: boolean, notBefore: Date | null): Promise<void> {
    const open = await this.prisma.certificateOrder.findFirst({
      where: { domain, isIssued: null },
      orderBy: { orderedAt: 'desc' },
    });
    if (open) await this.prisma.certificateOrder.update({ where: { id: open.id }, data: { isIssued, notBefore } });
  }

  async deleteOldOrders(now: Date): Promise<void> {
    await this.prisma.certificateOrder.deleteMany({
      where: { orderedAt: { lt: new Date(now.getTime() - ORDER_RETENTION_MS) } },
    });
  }

  async markReached({ id, environmentId }: Site, now: Date): Promise<void> {
    const { count } = await this.prisma.site.updateMany({ where: { id, reachedAt: null }, data: { reachedAt: now } });
    // An earlier name of the environment may be waiting for removal.
    if (count > 0 && environmentId !== null) await this.sites.converge(this.sites.db, [{ id }]);
  }

  /**
   * Stores the certificate and enqueues the rollout of its edge and the next check, in one transaction. The status
   * becomes ISSUED when the edge serves it.
   */
  async saveIssued({ domain, site }: CertificateRow, issued: IssuedCertificate): Promise<void> {
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
      await this.sites.scheduleCertificateCheck(db, domain); // asks the server for the renewal window
    });
  }

  /** Records a failure. The edge keeps serving: a certificate that is still valid stays ISSUED. */
  async saveFailure(row: CertificateRow, lastError: string, nextAttemptAt: Date, now: Date): Promise<void> {
    const isValid = row.chain !== null && (row.notAfter ?? now) > now;
    await this.sites.transaction(async (db) => {
      await db.certificate.updateMany({
        where: { domain: row.domain },
        data: {
          status: isValid ? 'ISSUED' : 'FAILED',
          lastError: cutText(lastError, 2000),
          nextAttemptAt,
          failures: { increment: 1 },
        },
      });
      await this.sites.scheduleCertificateCheck(db, row.domain, nextAttemptAt);
    });
  }

  async scheduleCheck(domain: string, nextAttemptAt: Date, checkAt: Date): Promise<void> {
    await this.sites.transaction(async (db) => {
      await db.certificate.updateMany({ where: { domain }, data: { nextAttemptAt } });
      await this.sites.scheduleCertificateCheck(db, domain, checkAt);
    });
  }
}

function contextOf(domain: string): string {
  return `certificate/${domain}`;
}
