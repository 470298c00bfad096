import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { LABELS } from '#src/common/labels.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { Containers } from '#src/integrations/docker/containers.js';
import { ListeningPorts } from '#src/integrations/machine/listening-ports.js';
import type { PortMapping } from '#src/modules/deployments/domain/release.js';
import { StepFailure } from '#src/modules/deployments/domain/step-failure.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';

/** After the end of a deployment its container may still stop: so long its port counts as held by a deployment. */
const STOPPING_MS = 10 * 60_000;
/** The socket of a container that has just stopped may close a moment later. */
const FREE_WITHIN_MS = 3000;
const RETRY_MS = 300;

const HINT = 'Choose another `ports[].host`.';

/**
 * Decides whether a deployment may have a host port: one that the configuration does not name, that no program of the
 * machine listens on and no other deployment holds.
 */
@Injectable()
export class HostPorts {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly listening: ListeningPorts,
    private readonly containers: Containers,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  /**
   * Throws HOST_PORT_TAKEN. Does not ask the Engine, which publishes ports through sockets of its own: a socket on the
   * port of a deployment is taken for its own one. `requireFree` looks closer.
   */
  async admit(db: Db, ports: PortMapping[], owner: { environmentId: string; name: string }): Promise<void> {
    const published = ports.filter(({ host }) => host !== undefined);
    if (published.length > 0) await this.deployments.lockHostPorts(db);
    const stoppingSince = new Date(this.clock.now().getTime() - STOPPING_MS);
    for (const port of published) {
      const reason =
        this.reservedReason(port) ??
        ((await this.deployments.hostPortHeld(db, port, owner)) ? heldByDeployment(port) : undefined) ??
        ((await this.isListening(port)) && !(await this.deployments.hostPortKnown(db, port, stoppingSince))
          ? heldByProgram(port)
          : undefined);
      if (reason !== undefined) throw new DomainError('HOST_PORT_TAKEN', { detail: reason, hint: HINT });
    }
  }

  /**
   * Throws a StepFailure with HOST_PORT_TAKEN when a program of this machine, or a container that is no deployment,
   * holds a port now. Ports of other deployments are left to Swarm, which waits for those that are stopping.
   */
  async requireFree(ports: PortMapping[], signal: AbortSignal): Promise<void> {
    for (const port of ports.filter(({ host }) => host !== undefined)) {
      const reserved = this.reservedReason(port);
      if (reserved !== undefined) throw new StepFailure('HOST_PORT_TAKEN', `${reserved} ${HINT}`);
      const end = Date.now() + FREE_WITHIN_MS;
      while (await this.isHeldByMachine(port)) {
        if (Date.now() > end) throw new StepFailure('HOST_PORT_TAKEN', `${heldByProgram(port)} ${HINT}`);
        await delay(RETRY_MS, undefined, { signal });
      }
    }
  }

  private reservedReason(port: PortMapping): string | undefined {
    return this.config.reservedPorts.has(port.host ?? 0)
      ? `${nameOf(port)} is held by the machine: it is a port of the platform.`
      : undefined;
  }

  private async isHeldByMachine(port: PortMapping): Promise<boolean> {
    const publishing = await this.containers.publishing(port.host ?? 0, port.protocol);
    if (publishing.length > 0) return publishing.every((labels) => labels[LABELS.deployment] === undefined);
    return this.isListening(port);
  }

  private isListening({ host = 0, protocol }: PortMapping): Promise<boolean> {
    return this.listening.isUsed(host, protocol);
  }
}

function nameOf({ host, protocol }: PortMapping): string {
  return `Host port ${host}/${protocol}`;
}

function heldByDeployment(port: PortMapping): string {
  return `${nameOf(port)} is held by another deployment.`;
}

function heldByProgram(port: PortMapping): string {
  return `${nameOf(port)} is held by the machine: another program listens on it.`;
}
