import { X509Certificate } from 'node:crypto';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { createPrivateKeyPem } from '#src/integrations/acme/acme-keys.js';
import { AcmeError } from '#src/integrations/acme/acme-error.js';
import { AcmeServer } from '#src/integrations/acme/acme-server.js';
import { Front } from '#src/modules/ingress/edge/front.js';
import { AcmeAccount } from '#src/modules/ingress/edge/acme-account.js';
import { earliestOrder, nextRetryAt, plannedRenewal, withinWindow } from './certificate-limits.js';
import { type CertificateRow, CertificatesRepository, type IssuedCertificate } from './certificates.repository.js';
import { DnsCheck } from './dns-check.js';

/** How often the renewal window is polled; RFC 9773, 4.3.2 recommends some hours. */
const WINDOW_POLL_MS = { usual: 6 * 3_600_000, min: 3_600_000, max: 24 * 3_600_000 };

/** When the platform starts, the front may still be starting. */
const FRONT_TIMEOUT_MS = 30_000;

/**
 * Issues and renews certificates: a durable job, one at a time per name, that reschedules itself until there is work.
 * It orders when the front is up, the name points here and the rate limits allow it. A failure is stored with the time
 * of the next attempt, and the site keeps serving.
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
    private readonly config: Config,
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
    else await this.certificates.scheduleCheck(domain, row.nextAttemptAt ?? now, row.nextAttemptAt ?? now);
  }

  /**
   * Schedules the renewal of a valid certificate. The server may require it earlier, for example before a revocation.
   */
  private async plan(row: CertificateRow, now: Date): Promise<void> {
    const { domain, chain, notBefore, notAfter } = row;
    const usual = plannedRenewal({ notBefore: notBefore ?? now, notAfter: notAfter ?? now }, Math.random());
    const planned = row.nextAttemptAt ?? usual;
    const window = await this.window(chain ?? '');
    const isInside = window && planned >= window.start && planned <= window.end;
    const hasFailed = row.failures > 0 && row.nextAttemptAt !== null; // then the backoff decides
    const renewAt = !window || isInside || hasFailed ? planned : withinWindow(window, Math.random());
    const pollMs = window?.againAfterMs ?? WINDOW_POLL_MS.usual;
    const pollAt = now.getTime() + Math.min(Math.max(pollMs, WINDOW_POLL_MS.min), WINDOW_POLL_MS.max);
    await this.certificates.scheduleCheck(domain, renewAt, new Date(Math.min(renewAt.getTime(), pollAt)));
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
    const problem =
      (await this.front.failureReasonWithin(FRONT_TIMEOUT_MS, signal)) ?? (await this.names.failureReason(row.domain));
    if (problem !== undefined) {
      await this.certificates.saveFailure(row, problem, nextRetryAt(row.failures + 1, now), now);
      return;
    }
    await this.certificates.markReached(row.site, now);
    // An order that a crash interrupted is resumed: the limits count it already.
    const notBefore = row.orderUrl ? undefined : await this.earliestOrder(row, now);
    if (notBefore) {
      const before =
        row.lastError ??
        `A limit of certificate orders is reached: of ${row.domain}, of its user (MAX_CERTIFICATE_ORDERS_PER_USER) or of all.`;
      await this.certificates.saveFailure(row, before, notBefore, now);
      return;
    }
    await this.order(row, signal).catch((error: unknown) => this.recordFailure(row, error));
  }

  private async earliestOrder(row: CertificateRow, now: Date): Promise<Date | undefined> {
    return earliestOrder(await this.certificates.orders(row, now), this.config.quota.certificateOrdersPerUser, now);
  }

  private async order(row: CertificateRow, signal: AbortSignal): Promise<void> {
    const { domain } = row;
    let privateKey = row.orderUrl ? this.certificates.orderKey(row) : undefined;
    if (privateKey === undefined) {
      privateKey = createPrivateKeyPem();
      await this.certificates.saveOrderKey(domain, privateKey);
    }
    const chain = await this.acme.order({
      accountKey: await this.account.key(),
      domain,
      privateKey,
      orderUrl: row.orderUrl ?? undefined,
      replaces: row.chain ?? undefined,
      beforeOrder: () => this.certificates.recordOrder(row, this.clock.now()),
      onOrder: (url) => this.certificates.saveOrderUrl(domain, url),
      signal,
    });
    await this.certificates.recordOutcome(domain, true, null);
    await this.certificates.saveIssued(row, issuedFrom(chain, privateKey));
    this.logger.log(`certificate of ${domain} issued`);
  }

  private async recordFailure(row: CertificateRow, error: unknown): Promise<void> {
    if (!(error instanceof AcmeError)) throw error;
    const now = this.clock.now();
    const { retryAfterMs } = error.options;
    const requested = retryAfterMs === undefined ? null : new Date(now.getTime() + retryAfterMs);
    await this.certificates.recordOutcome(row.domain, false, requested);
    await this.certificates.clearOrder(row.domain);
    const soonest = [nextRetryAt(row.failures + 1, now), (await this.earliestOrder(row, now)) ?? now, requested ?? now];
    const next = new Date(Math.max(...soonest.map((time) => time.getTime())));
    this.logger.warn(`certificate of ${row.domain} not issued: ${error.message}`);
    await this.certificates.saveFailure(row, error.message, next, now);
  }
}

function issuedFrom(chain: string, privateKey: string): IssuedCertificate {
  const { issuer, validFromDate: notBefore, validToDate: notAfter } = new X509Certificate(chain);
  const name = safeText(/^(?:CN|O)=(.*)$/m.exec(issuer)?.[1] ?? issuer, { maxLength: 200 });
  return {
    chain,
    privateKey,
    issuer: name,
    notBefore,
    notAfter,
    renewAt: plannedRenewal({ notBefore, notAfter }, Math.random()),
  };
}
