import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { newId } from '#src/common/time/id-source.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { Certificate, Environment, Site } from '#src/generated/prisma/client.js';

export type SiteRow = Site & { environment: Environment | null; certificate: Certificate | null };

/** What answers under a public name. */
export interface SiteTarget {
  name: string | null;
  port: number | null;
}

/** A release that runs, as far as a site is concerned. */
export interface Candidate {
  name: string;
  tcpPorts: number[];
}

/** Public names and their claims. Whoever changes one adds the job that makes the Engine follow, in the same transaction. */
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
   * Gives the environment the name, with what answers there; other names of it go once this one answers. Throws DOMAIN_TAKEN. The environment is
   * locked; two environments that want one name wait for each other at its unique index.
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

  /** The platform's own name. False while an environment holds it from before. */
  async claimOwn(db: Db, domain: string): Promise<boolean> {
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

  /** Every name of the environment, or of the platform itself: they stay claimed until they are gone. */
  async release(db: Db, environmentId: string | null, but?: string): Promise<void> {
    const where = { environmentId, ...(but !== undefined && { domain: { not: but } }) };
    const sites = await db.site.updateManyAndReturn({ where, data: { state: 'LEAVING' }, select: { id: true } });
    await db.certificate.updateMany({
      where: { site: where },
      data: { environmentId: null },
    });
    if (environmentId !== null && but === undefined)
      await db.environment.update({
        where: { id: environmentId },
        data: { isPublic: false, publicDomain: null, errorMessage: null },
      });
    await this.converge(db, sites);
  }

  countOf(environmentId: string): Promise<number> {
    return this.prisma.site.count({ where: { environmentId } });
  }

  /** Releases of the environment that run, newest first. */
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

  /** The first release that a site without a target has found is its target from then on. */
  async keepTarget(id: string, name: string): Promise<void> {
    await this.prisma.site.updateMany({ where: { id, targetName: null }, data: { targetName: name } });
  }

  /**
   * Its edge answers; names that it replaces go, once it is known that this one leads here. A certificate counts as issued from the moment in which
   * it is served, and only from then on plain HTTP leads to HTTPS.
   */
  async markServing(site: SiteRow, { withCertificate, needsReach }: { withCertificate: boolean; needsReach: boolean }) {
    await this.transaction(async (db) => {
      // In the order in which a claim takes its locks.
      if (site.environmentId !== null)
        await db.$executeRaw`SELECT 1 FROM "Environment" WHERE id = ${site.environmentId} FOR UPDATE`;
      if (withCertificate) await this.certificateServed(db, site);
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

  private async certificateServed(db: Db, site: SiteRow): Promise<void> {
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
      data: { errorMessage: message.slice(0, 2000) },
    });
  }

  /** The name is free. */
  async remove(id: string): Promise<void> {
    await this.prisma.site.deleteMany({ where: { id, state: 'LEAVING' } });
  }

  /** What runs in an environment has changed: its sites may have another target now, or none. */
  async enqueueConvergence(db: Db, environmentId: string): Promise<void> {
    const sites = await db.site.findMany({ where: { environmentId }, select: { id: true } });
    await this.converge(db, sites);
  }

  /** Throws DOMAIN_TAKEN when somebody else has the name now. */
  async refuseTaken(db: Db, environmentId: string, domain: string): Promise<void> {
    const site = await db.site.findUnique({ where: { domain }, select: { environmentId: true } });
    if (site && site.environmentId !== environmentId) throw domainTaken(domain);
  }

  /** Brings the Engine to what the rows say; one job at a time for a site. */
  async converge(db: Db, sites: { id: string }[]): Promise<void> {
    for (const { id: siteId } of sites) {
      const name = `site/${siteId}`;
      await this.jobs.add(db, 'site.converge', { siteId }, { key: name, lane: name });
    }
  }

  /** Looks after the certificate of a name, now or later; one job at a time for a name, whatever the number of instances. */
  async scheduleCertificateCheck(db: Db, domain: string, runAt?: Date): Promise<void> {
    const name = `certificate/${domain}`;
    await this.jobs.add(db, 'certificate.maintain', { domain }, { key: name, lane: name, ...(runAt && { runAt }) });
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
    hint: 'A name is free again some seconds after it was given up.',
  });
}
