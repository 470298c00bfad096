import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

export interface EngineFacts {
  version: string;
  apiVersion: string;
  /** `amd64`, `arm64`, … as registries name it. */
  arch: string;
  os: string;
  nodeId: string;
  /** Address under which other nodes know it. */
  nodeAddress: string;
  swarmActive: boolean;
  isManager: boolean;
  /** Folder of images and layers, as the engine sees it. */
  rootDirectory: string;
  cgroupDriver: string;
  cgroupVersion: string;
  /** The connection uses a socket of this machine. */
  isLocal: boolean;
  /**
   * The daemon sets no-new-privileges for every container; engines before 23.0.4 do not report it:
   * https://github.com/moby/moby/pull/45320
   */
  daemonNoNewPrivileges: boolean | 'unknown';
  /** HealthConfig.StartInterval, API 1.44. */
  startInterval: boolean;
  /** ContainerSpec.Privileges.NoNewPrivileges, API 1.46. */
  serviceNoNewPrivileges: boolean;
  /** The program of ContainerSpec.Init is installed; without it no such container starts. */
  init: boolean;
}

const FACTS_TTL_MS = 60_000;
/** Swarm and registries use Go's names of platforms; `docker info` uses those of uname. */
const ARCH: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Inspects the version and the features of the engine, which differ: 20.10 and newer are supported. */
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
    const now = performance.now();
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
      nodeAddress: info.Swarm?.NodeAddr ?? '',
      swarmActive: info.Swarm?.LocalNodeState === 'active',
      isManager: info.Swarm?.ControlAvailable ?? false,
      rootDirectory: info.DockerRootDir,
      cgroupDriver: info.CgroupDriver,
      cgroupVersion: info.CgroupVersion ?? '1',
      isLocal: this.docker.isLocal,
      daemonNoNewPrivileges: daemonNoNewPrivileges(version.Version, info.SecurityOptions ?? []),
      startInterval: offers(version.ApiVersion, 1, 44),
      serviceNoNewPrivileges: offers(version.ApiVersion, 1, 46),
      init: info.InitCommit?.ID !== 'N/A',
    };
    this.facts = { value, readAt: now };
    return value;
  }
}

interface EngineInfo {
  DockerRootDir: string;
  CgroupDriver: string;
  CgroupVersion?: string;
  Architecture: string;
  SecurityOptions?: string[] | null;
  /** `N/A` when the program does not run. */
  InitCommit?: { ID?: string };
  Swarm?: { NodeID?: string; NodeAddr?: string; LocalNodeState?: string; ControlAvailable?: boolean };
}

function offers(apiVersion: string, major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = apiVersion.split('.').map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}

function daemonNoNewPrivileges(version: string, securityOptions: string[]): boolean | 'unknown' {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map(Number);
  const tells = major > 23 || (major === 23 && (minor > 0 || patch >= 4));
  return tells ? securityOptions.some((option) => option.includes('no-new-privileges')) : 'unknown';
}
