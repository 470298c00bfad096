import { X509Certificate } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { createPrivateKeyPem } from '#src/integrations/acme/acme-keys.js';
import { AcmeError } from '#src/integrations/acme/acme-error.js';
import { AcmeServer } from '#src/integrations/acme/acme-server.js';
import { Front } from '#src/modules/ingress/edge/front.js';
import { AcmeAccount } from '#src/modules/ingress/edge/acme-account.js';
import { earliestOrder, nextLook, plannedRenewal, withinWindow } from './certificate-limits.js';
import { type CertificateRow, CertificatesRepository, type IssuedCertificate } from './certificates.repository.js';
import { DnsCheck } from './dns-check.js';

/** How often the server is asked for a better time to renew; RFC 9773, 4.3.2 wants some hours between. */
const ASK_AGAIN_MS = { usual: 6 * 3_600_000, least: 3_600_000, most: 24 * 3_600_000 };

/** At the start of the platform it may be on its way. */
const FRONT_MS = 30_000;

/**
 * Looks after one certificate: a durable job, one at a time for a name, that puts itself off until there is something to do. First the front has to
 * answer and the name to lead here, then the limits have to allow an order; whatever goes wrong is written down with the time of the next try, and the site goes on.
 */
@Injectable()
export class Certificates implements OnModuleInit {
  private readonly logger = new Logger(Certificates.name);

  constructor(
    private readonly certificates: CertificatesRepository,
    private readonly acme: AcmeServer,
    private readonly account: AcmeAccount,
    private readonly names: DnsCheck,
    private readonly front: Front,
    private readonly worker: JobWorker,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.worker.register('certificate.maintain', ({ domain }, signal) => this.maintain(domain, signal));
  }

  private async maintain(domain: string, signal: AbortSignal): Promise<void> {
    const row = await this.certificates.find(domain);
    if (row?.site.state !== 'SERVED') return;
    const now = this.clock.now();
    const isDue = (row.nextAttemptAt ?? now) <= now;
    if (row.chain !== null && !(isDue && row.nextAttemptAt)) await this.plan(row, now);
    else if (isDue) await this.attempt(row, now, signal);
    else await this.certificates.lookAgain(domain, row.nextAttemptAt ?? now, row.nextAttemptAt ?? now);
  }

  /** Of one that is good: when it shall be renewed. The server may want it sooner than it was planned, as when it has to revoke. */
  private async plan(row: CertificateRow, now: Date): Promise<void> {
    const { domain, chain, notBefore, notAfter } = row;
    const usual = plannedRenewal({ notBefore: notBefore ?? now, notAfter: notAfter ?? now }, Math.random());
    const planned = row.nextAttemptAt ?? usual;
    const window = await this.window(chain ?? '');
    const isInside = window && planned >= window.start && planned <= window.end;
    const hasFailed = row.failures > 0 && row.nextAttemptAt !== null; // then the next try has its own time
    const renewAt = !window || isInside || hasFailed ? planned : withinWindow(window, Math.random());
    const askAgainMs = window?.againAfterMs ?? ASK_AGAIN_MS.usual;
    const askAt = now.getTime() + Math.min(Math.max(askAgainMs, ASK_AGAIN_MS.least), ASK_AGAIN_MS.most);
    await this.certificates.lookAgain(domain, renewAt, new Date(Math.min(renewAt.getTime(), askAt)));
  }

  private async window(chain: string) {
    try {
      return await this.acme.renewalWindow(chain, await this.account.key());
    } catch (error) {
      if (!(error instanceof AcmeError)) throw error;
      return undefined;
    }
  }

  private async attempt(row: CertificateRow, now: Date, signal: AbortSignal): Promise<void> {
    const problem = (await this.front.problemWithin(FRONT_MS, signal)) ?? (await this.names.failureReason(row.domain));
    if (problem !== undefined) {
      await this.certificates.failed(row, problem, nextLook(row.failures + 1, now), now);
      return;
    }
    await this.certificates.reached(row.site, now);
    const { own, account } = await this.certificates.orders(row.domain, now);
    // An order that a crash interrupted goes on: it is counted already.
    const notBefore = row.orderUrl ? undefined : earliestOrder(own, account, now);
    if (notBefore) {
      const before = row.lastError ?? `${row.domain} was ordered for too often.`;
      await this.certificates.failed(row, before, notBefore, now);
      return;
    }
    await this.order(row, signal).catch((error: unknown) => this.explain(row, error));
  }

  private async order(row: CertificateRow, signal: AbortSignal): Promise<void> {
    const { domain } = row;
    let privateKey = row.orderUrl ? this.certificates.orderKey(row) : undefined;
    if (privateKey === undefined) {
      privateKey = createPrivateKeyPem();
      await this.certificates.keepOrderKey(domain, privateKey);
    }
    const chain = await this.acme.order({
      accountKey: await this.account.key(),
      domain,
      privateKey,
      orderUrl: row.orderUrl ?? undefined,
      replaces: row.chain ?? undefined,
      beforeOrder: () => this.certificates.recordOrder(domain, this.clock.now()),
      onOrder: (url) => this.certificates.keepOrderUrl(domain, url),
      signal,
    });
    await this.certificates.recordOutcome(domain, true, null);
    await this.certificates.issued(row, issuedFrom(chain, privateKey));
    this.logger.log(`certificate of ${domain}: issued`);
  }

  private async explain(row: CertificateRow, error: unknown): Promise<void> {
    if (!(error instanceof AcmeError)) throw error;
    const now = this.clock.now();
    const { retryAfterMs } = error.options;
    const asked = retryAfterMs === undefined ? null : new Date(now.getTime() + retryAfterMs);
    await this.certificates.recordOutcome(row.domain, false, asked);
    await this.certificates.forgetOrder(row.domain);
    const { own, account } = await this.certificates.orders(row.domain, now);
    const soonest = [nextLook(row.failures + 1, now), earliestOrder(own, account, now) ?? now, asked ?? now];
    const next = new Date(Math.max(...soonest.map((time) => time.getTime())));
    this.logger.warn(`certificate of ${row.domain}: ${error.message}`);
    await this.certificates.failed(row, error.message, next, now);
  }
}

function issuedFrom(chain: string, privateKey: string): IssuedCertificate {
  const { issuer, validFromDate: notBefore, validToDate: notAfter } = new X509Certificate(chain);
  const name = /^(?:CN|O)=(.*)$/m.exec(issuer)?.[1] ?? issuer;
  return {
    chain,
    privateKey,
    issuer: name,
    notBefore,
    notAfter,
    renewAt: plannedRenewal({ notBefore, notAfter }, Math.random()),
  };
}
