import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

export interface EngineFacts {
  version: string;
  apiVersion: string;
  /** `amd64`, `arm64`, … as registries name it */
  arch: string;
  os: string;
  nodeId: string;
  swarmActive: boolean;
  isManager: boolean;
  /** no-new-privileges is set for every container by the daemon */
  daemonNoNewPrivileges: boolean;
  /** HealthConfig.StartInterval, API 1.44 */
  startInterval: boolean;
  /** ContainerSpec.Privileges.NoNewPrivileges, API 1.46 */
  serviceNoNewPrivileges: boolean;
}

const FACTS_TTL_MS = 60_000;
/** Swarm and registries name platforms as Go does; `docker info` names them as uname does. */
const ARCH: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Which engine is this and what does it offer? Asked, never assumed: users have anything from 20.10 on. */
@Injectable()
export class Engine {
  private facts: { value: EngineFacts; readAt: number } | undefined;

  constructor(private readonly docker: DockerClient) {}

  async ping(): Promise<void> {
    await this.docker.call((docker) => docker.ping());
  }

  forget(): void {
    this.facts = undefined;
  }

  async inspect(): Promise<EngineFacts> {
    const now = Date.now();
    if (this.facts && now - this.facts.readAt < FACTS_TTL_MS) return this.facts.value;
    const [version, info] = await Promise.all([
      this.docker.call((docker) => docker.version()),
      this.docker.call((docker) => docker.info() as Promise<EngineInfo>),
    ]);
    const value: EngineFacts = {
      version: version.Version,
      apiVersion: version.ApiVersion,
      arch: ARCH[info.Architecture] ?? version.Arch,
      os: version.Os,
      nodeId: info.Swarm?.NodeID ?? '',
      swarmActive: info.Swarm?.LocalNodeState === 'active',
      isManager: info.Swarm?.ControlAvailable ?? false,
      daemonNoNewPrivileges: (info.SecurityOptions ?? []).some((option) => option.includes('no-new-privileges')),
      startInterval: offers(version.ApiVersion, 1, 44),
      serviceNoNewPrivileges: offers(version.ApiVersion, 1, 46),
    };
    this.facts = { value, readAt: now };
    return value;
  }
}

interface EngineInfo {
  Architecture: string;
  SecurityOptions?: string[] | null;
  Swarm?: { NodeID?: string; LocalNodeState?: string; ControlAvailable?: boolean };
}

function offers(apiVersion: string, major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = apiVersion.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
