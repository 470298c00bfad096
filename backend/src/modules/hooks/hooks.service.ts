import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { newId } from '#src/common/time/id-source.js';
import { Audit } from '#src/core/audit/audit.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { DeployHook } from '#src/generated/prisma/client.js';
import { shortRef } from '#src/integrations/git/git-ref.js';
import { PushReleases } from '#src/modules/deployments/push-releases.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import type { CreateHookDto } from './dto/hook.dto.js';
import { hookSecretContext } from './hook-secret.js';
import { HooksRepository, type OwnedHook } from './hooks.repository.js';

/** Senders retry for hours at most. */
const DELIVERY_TTL_MS = 7 * 24 * 3_600_000;

/** Manages the webhooks of repositories: a push redeploys a name. */
@Injectable()
export class HooksService implements OnModuleInit {
  constructor(
    private readonly hooks: HooksRepository,
    private readonly environments: EnvironmentsService,
    private readonly releases: PushReleases,
    private readonly secrets: SecretBox,
    private readonly audit: Audit,
    private readonly clock: Clock,
    private readonly worker: JobWorker,
  ) {}

  onModuleInit(): void {
    this.worker.register('hook.forget-deliveries', () =>
      this.hooks.deleteDeliveriesBefore(new Date(this.clock.now().getTime() - DELIVERY_TTL_MS)),
    );
    this.worker.schedule('hook.forget-deliveries', '37 3 * * *');
  }

  async create(
    caller: Caller,
    environmentId: string,
    { name, branch, paths }: CreateHookDto,
  ): Promise<{ hook: OwnedHook; secret: string }> {
    await this.environments.getActive(caller, environmentId);
    await this.releases.require(environmentId, name);
    const id = newId();
    const secret = randomBytes(32).toString('hex');
    const data = {
      id,
      environmentId,
      name,
      keyId: caller.keyId,
      branch: branch == null ? null : shortRef(branch),
      paths: paths ?? [],
      secret: this.secrets.seal(secret, hookSecretContext(id)),
    };
    const hook = await this.hooks.transaction(async (db) => {
      await this.audit.byCaller(db, caller, 'hook.created', id, { name });
      return this.hooks.create(db, data);
    });
    return { hook, secret };
  }

  async list(caller: Caller, environmentId: string): Promise<OwnedHook[]> {
    await this.environments.get(caller, environmentId);
    return this.hooks.list(environmentId);
  }

  async delete(caller: Caller, id: string): Promise<DeployHook> {
    const hook = await this.hooks.find(caller, id);
    if (!hook) throw notFound(id);
    await this.hooks.transaction(async (db) => {
      await this.hooks.delete(db, id);
      await this.audit.byCaller(db, caller, 'hook.deleted', id, { name: hook.name });
    });
    return hook;
  }
}

function notFound(id: string): DomainError {
  return new DomainError('HOOK_NOT_FOUND', {
    detail: `Hook ${id} does not exist.`,
    hint: 'GET /environments/{id}/hooks lists those of an environment.',
  });
}
