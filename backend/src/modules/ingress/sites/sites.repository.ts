import { Injectable } from '@nestjs/common';
import { cutText } from '#src/common/cut-text.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { newId } from '#src/common/time/id-source.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { Certificate, Environment, Site } from '#src/generated/prisma/client.js';

export type SiteRow = Site & { environment: Environment | null; certificate: Certificate | null };

/** The deployment name and port that a site serves; null: chosen automatically. */
export interface SiteTarget {
  name: string | null;
  port: number | null;
}

/** A running release that a site can serve. */
export interface Candidate {
  name: string;
  tcpPorts: number[];
}

/**
 * Stores public names and their claims. Every change enqueues the job that converges the Engine, in the same
 * transaction.
 */
@Injectable()
export class SitesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly jobs: JobQueue,
  ) {}

  get db(): Db {
    return this.prisma;
  }

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  byId(id: string): Promise<SiteRow | null> {
    return this.prisma.site.findUnique({ where: { id }, include: { environment: true, certificate: true } });
  }

  all(): Promise<Pick<Site, 'id' | 'state'>[]> {
    return this.prisma.site.findMany({ select: { id: true, state: true } });
  }

  current(environmentId: string, domain: string): Promise<Site | null> {
    return this.prisma.site.findFirst({ where: { environmentId, domain, state: 'SERVED' } });
  }

  /**
   * Claims the name for the environment and sets its target; the names that it replaces are removed once this
   * one serves. Throws DOMAIN_TAKEN. The caller locks the environment; the unique index serializes two environments that
   * claim one name.
   */
  async claim(db: Db, environmentId: string, domain: string, target: SiteTarget): Promise<void> {
    const wanted = { state: 'SERVED' as const, targetName: target.name, targetPort: target.port };
    const rows = await db.$queryRaw<{ id: string; environmentId: string | null }[]>`
      INSERT INTO "Site" (id, domain, "environmentId") VALUES (${newId()}, ${domain}, ${environmentId})
      ON CONFLICT (domain) DO UPDATE SET "updatedAt" = now() RETURNING id, "environmentId"`;
    const [site] = rows;
    if (site?.environmentId !== environmentId) throw domainTaken(domain);
    await db.site.update({ where: { id: site.id }, data: wanted });
    await db.certificate.updateMany({
      where: { environmentId, domain: { not: domain } },
      data: { environmentId: null },
    });
    await db.certificate.upsert({
      where: { domain },
      create: { domain, environmentId },
      update: { environmentId, nextAttemptAt: null },
    });
    await db.environment.update({
      where: { id: environmentId },
      data: { isPublic: true, publicDomain: domain, errorMessage: null },
    });
    await this.converge(db, [site]);
    await this.scheduleCertificateCheck(db, domain);
  }

  /**
   * Releases the environment's other names that have never served: at most one name of an environment waits to be
   * proven. Each has an edge, and addresses in two networks. `needsReach`: a name must have resolved to this machine.
   */
  async releaseUnproven(db: Db, environmentId: string, except: string, needsReach: boolean): Promise<void> {
    const unproven = needsReach ? { reachedAt: null } : { provenAt: null };
    const where = { environmentId, domain: { not: except }, state: 'SERVED', ...unproven } as const;
    const sites = await db.site.updateManyAndReturn({ where, data: { state: 'LEAVING' }, select: { id: true } });
    await this.converge(db, sites);
  }

  /**
   * Throws DOMAIN_QUOTA_EXCEEDED when a user has `max` names besides this one. Names that are being removed count: they
   * still have their edge. Only one claim of a user is counted at a time.
   */
  async refuseAboveQuota(db: Db, userId: string, domain: string, max: number): Promise<void> {
    await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`berth.domains/${userId}`}))`;
    const sites = await db.site.findMany({ where: { environment: { userId } }, select: { domain: true } });
    if (sites.length < max || sites.some((site) => site.domain === domain)) return;
    throw new DomainError('DOMAIN_QUOTA_EXCEEDED', {
      detail: `You have ${sites.length} public domains, and ${max} is the maximum. Those that are being removed count.`,
      hint: 'DELETE /environments/{id}/public removes one. The operator can raise MAX_DOMAINS_PER_USER.',
    });
  }

  /** Claims the platform's own name; false while an environment holds it. */
  async claimForPlatform(db: Db, domain: string): Promise<boolean> {
    const site = await db.site.upsert({
      where: { domain },
      create: { domain, environmentId: null },
      update: {},
    });
    if (site.environmentId !== null) return false;
    await db.site.updateMany({ where: { id: site.id }, data: { state: 'SERVED' } });
    await db.certificate.upsert({ where: { domain }, create: { domain }, update: {} });
    await this.converge(db, [site]);
    await this.scheduleCertificateCheck(db, domain);
    return true;
  }

  /**
   * Releases the names of the environment (null: of the platform) except one; they stay claimed until they are removed.
   */
  async release(db: Db, environmentId: string | null, except?: string): Promise<void> {
    const where = { environmentId, ...(except !== undefined && { domain: { not: except } }) };
    const sites = await db.site.updateManyAndReturn({ where, data: { state: 'LEAVING' }, select: { id: true } });
    await db.certificate.updateMany({
      where: { site: where },
      data: { environmentId: null },
    });
    if (environmentId !== null && except === undefined)
      await db.environment.update({
        where: { id: environmentId },
        data: { isPublic: false, publicDomain: null, errorMessage: null },
      });
    await this.converge(db, sites);
  }

  countOf(environmentId: string): Promise<number> {
    return this.prisma.site.count({ where: { environmentId } });
  }

  /** Returns the running releases of the environment, newest first. */
  async candidates(environmentId: string): Promise<Candidate[]> {
    const rows = await this.prisma.deployment.findMany({
      where: { environmentId, status: 'RUNNING' },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      select: { name: true, ports: true },
    });
    return rows.map(({ name, ports }) => ({ name, tcpPorts: tcpPortsOf(ports) }));
  }

  async deployment(environmentId: string, id: string): Promise<Candidate | undefined> {
    const select = { name: true, ports: true } as const;
    const row = await this.prisma.deployment.findFirst({ where: { id, environmentId }, select });
    return row ? { name: row.name, tcpPorts: tcpPortsOf(row.ports) } : undefined;
  }

  /** Saves the name that a site without a target chose: it is kept from then on. */
  async saveTarget(id: string, name: string): Promise<void> {
    await this.prisma.site.updateMany({ where: { id, targetName: null }, data: { targetName: name } });
  }

  /**
   * Marks the site as serving, and releases the names that it replaces once this one is known to point here. A
   * certificate is ISSUED once the edge serves it; only then plain HTTP redirects to HTTPS.
   */
  async markServing(site: SiteRow, { withCertificate, needsReach }: { withCertificate: boolean; needsReach: boolean }) {
    await this.transaction(async (db) => {
      // The lock order of `claim`.
      if (site.environmentId !== null)
        await db.$executeRaw`SELECT 1 FROM "Environment" WHERE id = ${site.environmentId} FOR UPDATE`;
      if (withCertificate) await this.markCertificateServed(db, site);
      const { count } = await db.site.updateMany({
        where: { id: site.id, state: 'SERVED' },
        data: { provenAt: site.provenAt ?? new Date() },
      });
      if (count === 0 || site.environmentId === null) return;
      const { count: isCurrent } = await db.environment.updateMany({
        where: { id: site.environmentId, publicDomain: site.domain, status: 'ACTIVE' },
        data: { errorMessage: null },
      });
      if (isCurrent > 0 && (site.reachedAt || !needsReach)) await this.release(db, site.environmentId, site.domain);
    });
  }

  private async markCertificateServed(db: Db, site: SiteRow): Promise<void> {
    const { count } = await db.certificate.updateMany({
      where: { domain: site.domain, status: { not: 'ISSUED' } },
      data: { status: 'ISSUED' },
    });
    if (count > 0) await this.converge(db, [site]);
  }

  async markNotServing({ environmentId, domain }: SiteRow, problem: string): Promise<void> {
    if (environmentId !== null)
      await this.setEnvironmentError(
        { id: environmentId, publicDomain: domain },
        `The public site ${domain} cannot be started: ${problem}`,
      );
  }

  async setEnvironmentError(environment: { id: string; publicDomain?: string }, message: string): Promise<void> {
    await this.prisma.environment.updateMany({
      where: { ...environment, status: 'ACTIVE' },
      data: { errorMessage: cutText(message, 2000) },
    });
  }

  /** Deletes a LEAVING site; its name is free. */
  async remove(id: string): Promise<void> {
    await this.prisma.site.deleteMany({ where: { id, state: 'LEAVING' } });
  }

  /** Enqueues convergence of the environment's sites: its deployments changed, so their targets may change. */
  async enqueueConvergence(db: Db, environmentId: string): Promise<void> {
    const sites = await db.site.findMany({ where: { environmentId }, select: { id: true } });
    await this.converge(db, sites);
  }

  /** Throws DOMAIN_TAKEN when another environment or the platform holds the name. */
  async refuseTaken(db: Db, environmentId: string, domain: string): Promise<void> {
    const site = await db.site.findUnique({ where: { domain }, select: { environmentId: true } });
    if (site && site.environmentId !== environmentId) throw domainTaken(domain);
  }

  /** Enqueues convergence of the sites; one job at a time per site. */
  async converge(db: Db, sites: { id: string }[]): Promise<void> {
    for (const { id: siteId } of sites) {
      const name = `site/${siteId}`;
      await this.jobs.add(db, 'site.converge', { siteId }, { key: name, queueName: name });
    }
  }

  /** Enqueues a check of the certificate, now or at `runAt`; one job at a time per name, across all instances. */
  async scheduleCertificateCheck(db: Db, domain: string, runAt?: Date): Promise<void> {
    const name = `certificate/${domain}`;
    await this.jobs.add(
      db,
      'certificate.maintain',
      { domain },
      { key: name, queueName: name, ...(runAt && { runAt }) },
    );
  }
}

function tcpPortsOf(ports: unknown): number[] {
  return (ports as { container: number; protocol: string }[])
    .filter(({ protocol }) => protocol === 'tcp')
    .map(({ container }) => container);
}

function domainTaken(domain: string): DomainError {
  return new DomainError('DOMAIN_TAKEN', {
    detail: `${domain} is held by another environment.`,
    hint: 'Choose another domain. A released name is free after some seconds.',
  });
}
