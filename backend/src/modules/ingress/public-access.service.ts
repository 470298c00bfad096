import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Environment } from '#src/generated/prisma/client.js';
import { EnvironmentTeardown, type TeardownParticipant } from '#src/modules/environments/environment-teardown.js';
import type { EnvironmentRow } from '#src/modules/environments/environments.repository.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { Front } from './edge/front.js';
import { publicDomain } from './sites/public-domain.js';
import { chooseTarget } from './sites/site-target.js';
import { type SiteTarget, SitesRepository } from './sites/sites.repository.js';

export interface PublicRequest {
  domain: string;
  deploymentId?: string | undefined;
  port?: number | undefined;
}

const REMOVAL_TIMEOUT_MS = 120_000;

/** Makes environments public and private. Each transaction enqueues the job that updates the Engine. */
@Injectable()
export class PublicAccessService implements OnModuleInit, TeardownParticipant {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly sites: SitesRepository,
    private readonly front: Front,
    private readonly teardown: EnvironmentTeardown,
    private readonly audit: Audit,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.teardown.register('running', this);
  }

  /**
   * Makes the environment public. Repeated with the same name, it rechecks the certificate now; another name moves the
   * site.
   */
  async publish(caller: Caller, environmentId: string, request: PublicRequest): Promise<EnvironmentRow> {
    const domain = publicDomain(request.domain, 'domain', this.config);
    await this.environments.getActive(caller, environmentId);
    const target = await this.targetOf(environmentId, domain, request);
    await this.front.require();
    await this.claim(environmentId, domain, target, caller);
    return this.environments.get(caller, environmentId);
  }

  /** Claims the name; a deployment with a domain in its request uses it for all releases. Throws DOMAIN_TAKEN, DOMAIN_QUOTA_EXCEEDED. */
  async claim(environmentId: string, domain: string, target: SiteTarget, caller?: Caller): Promise<void> {
    await this.sites.transaction(async (db) => {
      const { userId } = await this.environments.lockActive(db, environmentId);
      await this.sites.refuseAboveQuota(db, userId, domain, this.config.quota.domainsPerUser);
      await this.sites.claim(db, environmentId, domain, target);
      await this.sites.releaseUnproven(db, environmentId, domain, this.config.dns.isChecked);
      if (caller) await this.audit.byCaller(db, caller, 'environment.published', environmentId, { domain });
    });
  }

  /** Sets the reason as the environment's `errorMessage`. */
  refused(environmentId: string, reason: string): Promise<void> {
    return this.sites.setEnvironmentError({ id: environmentId }, reason);
  }

  async withdraw(caller: Caller, environmentId: string): Promise<EnvironmentRow> {
    await this.environments.get(caller, environmentId);
    await this.sites.transaction(async (db) => {
      await this.sites.release(db, environmentId);
      await this.audit.byCaller(db, caller, 'environment.withdrawn', environmentId);
    });
    return this.environments.get(caller, environmentId);
  }

  /** Releases the environment's names; they are free on return. */
  async clear({ id }: Environment, signal: AbortSignal): Promise<void> {
    await this.sites.transaction((db) => this.sites.release(db, id));
    await pollUntil(async () => (await this.sites.countOf(id)) === 0, {
      withinMs: REMOVAL_TIMEOUT_MS,
      everyMs: 200,
      signal,
      what: 'the public site still exists',
    });
  }

  private async targetOf(environmentId: string, domain: string, request: PublicRequest): Promise<SiteTarget> {
    const port = request.port ?? null;
    if (request.deploymentId !== undefined) {
      const deployment = await this.sites.deployment(environmentId, request.deploymentId);
      if (!deployment)
        throw new DomainError('DEPLOYMENT_NOT_FOUND', {
          detail: `Deployment ${request.deploymentId} does not exist in this environment.`,
          hint: 'GET /deployments/environment/{id} lists those of an environment.',
        });
      if (port === null && deployment.tcpPorts.length === 0)
        throw invalidField('port', 'is required: this deployment declares no TCP port');
      return { name: deployment.name, port };
    }
    const candidates = await this.sites.candidates(environmentId);
    const current = await this.sites.current(environmentId, domain);
    const runs = candidates.some(({ name }) => name === current?.targetName);
    // A repeated request must not move the site to a newer deployment of another name.
    if (current?.targetName != null && runs) return { name: current.targetName, port: port ?? current.targetPort };
    return { name: chooseTarget(candidates, { name: null, port })?.name ?? null, port };
  }
}
