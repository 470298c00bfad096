import { randomBytes } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { Origin } from '#src/common/decorators/origin.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { newId } from '#src/common/time/id-source.js';
import { Audit } from '#src/core/audit/audit.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import type { DeployHook } from '#src/generated/prisma/client.js';
import { PushReleases } from '#src/modules/deployments/push-releases.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { suspensionOf } from './domain/hook-suspension.js';
import type { CreateHookDto, HookOutcomeDto } from './dto/hook.dto.js';
import { type Delivery, deliveryIdOf, isSigned } from './hook-signature.js';
import { HooksRepository, isDuplicate, type OwnedHook } from './hooks.repository.js';
import { matchesPaths, parsePush } from './push-event.js';

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
      branch: branch ?? null,
      paths: paths ?? [],
      secret: this.secrets.seal(secret, context(id)),
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

  /**
   * Verifies and processes a delivery. Throws HOOK_SIGNATURE_INVALID, also for a hook that does not exist, and
   * HOOK_SUSPENDED.
   */
  async deliver(id: string, delivery: Delivery, body: unknown, origin: Origin): Promise<HookOutcomeDto> {
    const hook = await this.hooks.byId(id);
    const secret = hook ? this.secrets.open(hook.secret, context(id)) : randomBytes(32).toString('hex');
    if (!isSigned(delivery, secret, this.clock.now()) || !hook)
      throw new DomainError('HOOK_SIGNATURE_INVALID', {
        detail: 'This delivery is not signed with the secret of a hook.',
        hint: 'Check the URL and the secret in the settings of the repository.',
      });
    const reason = suspensionOf(hook, this.clock.now());
    if (reason !== null)
      throw new DomainError('HOOK_SUSPENDED', {
        detail: reason,
        hint: 'Delete the hook and create it again with a key that does not end so soon.',
      });
    const outcome = await this.process(hook, delivery, body, origin);
    await this.hooks.saveOutcome(id, this.clock.now(), outcome.message);
    return outcome;
  }

  private async process(hook: OwnedHook, delivery: Delivery, body: unknown, origin: Origin): Promise<HookOutcomeDto> {
    const push = parsePush(body);
    if (!push) return ignored('The delivery is not a push to a branch.');
    const { id: hookId, environmentId, name, branch, paths } = hook;
    const newest = await this.releases.newest(environmentId, name);
    if (!newest) return ignored(`There is no deployment of ${name} from Git.`);
    const wanted = branch ?? newest.gitBranch;
    if (wanted !== null && wanted !== push.branch)
      return ignored(`The delivery is a push to ${push.branch}, not to ${wanted}.`);
    if (!(await matchesPaths(push.files, paths))) return ignored('The push touches none of the paths.');
    const deliveryId = deliveryIdOf(delivery);
    const replayed = { outcome: 'REPLAYED' as const, message: 'The delivery was processed before.' };
    if (await this.hooks.hasDelivery(hookId, deliveryId)) return replayed;
    const caller: Caller = {
      userId: hook.environment.userId,
      keyId: hook.keyId ?? '',
      scopes: ['DEPLOYMENTS_WRITE', 'ENVIRONMENTS_WRITE'],
      isAdmin: false,
      expiresAt: null,
      environmentIds: [environmentId],
      origin,
    };
    try {
      const { jobId } = await this.releases.make(caller, newest, push.branch, (db) =>
        this.hooks.addDelivery(db, hookId, deliveryId),
      );
      return { outcome: 'DEPLOYING', message: `A push to ${push.branch} is being deployed.`, jobId };
    } catch (error) {
      // A concurrent delivery with the same id was first.
      if (isDuplicate(error)) return replayed;
      throw error;
    }
  }
}

function context(id: string): string {
  return `hook/${id}/secret`;
}

function ignored(message: string): HookOutcomeDto {
  return { outcome: 'IGNORED', message };
}

function notFound(id: string): DomainError {
  return new DomainError('HOOK_NOT_FOUND', {
    detail: `Hook ${id} does not exist.`,
    hint: 'GET /environments/{id}/hooks lists those of an environment.',
  });
}
