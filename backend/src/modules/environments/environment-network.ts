import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { LABELS } from '#src/common/labels.js';
import { pollUntil } from '#src/common/time/poll-until.js';
import { DockerError } from '#src/integrations/docker/docker-error.js';
import { Networks } from '#src/integrations/docker/networks.js';

/** Swarm detaches the endpoints of removed services from the overlay some seconds later. */
const REMOVAL_TIMEOUT_MS = 60_000;

/** Manages the overlay network of an environment. */
@Injectable()
export class EnvironmentNetwork {
  constructor(private readonly networks: Networks) {}

  async ensure({ id, overlayNetworkId }: { id: string; overlayNetworkId: string }): Promise<void> {
    try {
      const labels = { [LABELS.managed]: 'true', [LABELS.environment]: id };
      await this.networks.ensureOverlay(overlayNetworkId, labels, { attachable: true });
    } catch (error) {
      throw networkError(error);
    }
  }

  async exists({ overlayNetworkId }: { overlayNetworkId: string }): Promise<boolean> {
    return (await this.networks.find(overlayNetworkId)) !== undefined;
  }

  async remove(overlayNetworkId: string, signal: AbortSignal): Promise<void> {
    await pollUntil(() => this.networks.tryRemove(overlayNetworkId), {
      withinMs: REMOVAL_TIMEOUT_MS,
      everyMs: 250,
      signal,
      what: 'the network is still in use',
    });
  }
}

function networkError(error: unknown): unknown {
  if (!(error instanceof DockerError)) return error;
  if (/address pool|no available network|could not find an available/i.test(error.message)) {
    return new DomainError('ADDRESS_POOL_EXHAUSTED', {
      detail: 'There is no free address range for another network.',
      hint: 'The operator has to enlarge the address pools of the swarm.',
      cause: error,
    });
  }
  return new DomainError('DOCKER_UNAVAILABLE', {
    detail: 'The network could not be created.',
    hint: 'Try again in a moment.',
    cause: error,
  });
}
