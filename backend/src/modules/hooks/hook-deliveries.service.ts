import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { Caller } from '#src/common/decorators/caller.js';
import type { Origin } from '#src/common/decorators/origin.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import { PushReleases } from '#src/modules/deployments/push-releases.js';
import { DeliveryReader } from './delivery-reader.js';
import { suspensionOf } from './domain/hook-suspension.js';
import type { HookOutcomeDto } from './dto/hook.dto.js';
import { hookSecretContext } from './hook-secret.js';
import { malformedDelivery, notAPush, unknownContent, unsigned, wronglySigned } from './hook-refusals.js';
import { DeliveryCheck, proofOf } from './hook-signature.js';
import { HooksRepository, isDuplicate, type OwnedHook } from './hooks.repository.js';
import { matchesPaths, type Push } from './push-event.js';
import { parseDelivery } from './push-parser.js';

/** A push may name many branches. */
const MAX_MESSAGE_CHARACTERS = 500;
const REPLAYED: HookOutcomeDto = { outcome: 'REPLAYED', message: 'The delivery was processed before.' };

/** Verifies the deliveries of webhooks and redeploys. */
@Injectable()
export class HookDeliveriesService {
  constructor(
    private readonly hooks: HooksRepository,
    private readonly releases: PushReleases,
    private readonly secrets: SecretBox,
    private readonly reader: DeliveryReader,
    private readonly clock: Clock,
  ) {}

  /**
   * Verifies a delivery while its body arrives, then parses and processes it. Throws HOOK_SIGNATURE_INVALID, also for a
   * hook that does not exist, and HOOK_SUSPENDED.
   */
  async deliver(id: string, request: Request, origin: Origin): Promise<HookOutcomeDto> {
    const { headers } = request;
    // null: it has no body.
    const type = request.is(['json', 'urlencoded']);
    if (headers['content-encoding'] !== undefined || type === false) throw unknownContent(headers);
    const proof = proofOf(headers, this.clock.now());
    if (!proof) throw unsigned(headers);
    const hook = await this.hooks.byId(id);
    const secret = hook ? this.secrets.open(hook.secret, hookSecretContext(id)) : randomBytes(32).toString('hex');
    const check = new DeliveryCheck(proof, secret);
    // A wrong secret is known before the body is read.
    if (proof.kind === 'secret' && !check.isValid()) throw wronglySigned(headers);
    return this.reader.read(request, { check, isForm: type === 'urlencoded', owner: hook?.id }, async (json) => {
      if (!check.isValid() || !hook) throw wronglySigned(headers);
      this.requireActive(hook);
      const parsed = await parseDelivery(json);
      if ('refusal' in parsed) throw malformedDelivery(parsed.refusal);
      const outcome = parsed.push
        ? await this.process(hook, parsed.push, check.deliveryId(), origin)
        : ignored(notAPush(headers));
      await this.hooks.saveOutcome(id, this.clock.now(), outcome.message);
      return outcome;
    });
  }

  private requireActive(hook: OwnedHook): void {
    const reason = suspensionOf(hook, this.clock.now());
    if (reason === null) return;
    throw new DomainError('HOOK_SUSPENDED', {
      detail: reason,
      hint: 'Delete the hook and create it again with a key that does not end so soon.',
    });
  }

  private async process(hook: OwnedHook, push: Push, deliveryId: string, origin: Origin): Promise<HookOutcomeDto> {
    const { id: hookId, environmentId, name, branch, paths } = hook;
    const newest = await this.releases.newest(environmentId, name);
    if (!newest) return ignored(`There is no deployment of ${name} from Git.`);
    const wanted = branch ?? newest.gitBranch ?? push.branches[0] ?? '';
    if (!push.branches.includes(wanted))
      return ignored(`The delivery is a push to ${push.branches.join(', ')}, not to ${wanted}.`);
    if (!(await matchesPaths(push.files, paths))) return ignored('The push touches none of the paths.');
    if (await this.hooks.hasDelivery(hookId, deliveryId)) return REPLAYED;
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
      const { jobId } = await this.releases.make(caller, newest, wanted, (db) =>
        this.hooks.addDelivery(db, hookId, deliveryId),
      );
      return { outcome: 'DEPLOYING', message: `A push to ${wanted} is being deployed.`, jobId };
    } catch (error) {
      // A concurrent delivery with the same id was first.
      if (isDuplicate(error)) return REPLAYED;
      throw error;
    }
  }
}

function ignored(message: string): HookOutcomeDto {
  return { outcome: 'IGNORED', message: message.slice(0, MAX_MESSAGE_CHARACTERS) };
}
