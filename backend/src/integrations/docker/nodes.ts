import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';

export interface SwarmNode {
  id: string;
  hostname: string;
  address: string;
  role: 'manager' | 'worker';
  availability: 'active' | 'pause' | 'drain';
  /** State that the managers report. */
  state: 'unknown' | 'down' | 'ready' | 'disconnected';
  /**
   * Last change of the node in Swarm: at the latest when its Engine started, because it reports to the managers then. The
   * attachment of a network is a change, too.
   */
  changedAt: Date;
  engineVersion: string;
  /** Platform, `linux/amd64`. */
  platform: string;
  cpus: number;
  memoryBytes: number;
  labels: Record<string, string>;
}

const TTL_MS = 5000;
const ARCH: Record<string, string> = { x86_64: 'amd64', aarch64: 'arm64' };

/** Nodes of the swarm. */
@Injectable()
export class Nodes {
  private known: { nodes: SwarmNode[]; readAt: number } | undefined;

  constructor(private readonly docker: DockerClient) {}

  async list(): Promise<SwarmNode[]> {
    const nodes = (await this.docker.call((docker) => docker.listNodes() as Promise<unknown>)) as EngineNode[];
    const list = nodes.map(fromEngine);
    this.known = { nodes: list, readAt: performance.now() };
    return list;
  }

  /** The same from a cache of some seconds, for callers that need only names and numbers. */
  async recent(): Promise<SwarmNode[]> {
    return this.known && performance.now() - this.known.readAt < TTL_MS ? this.known.nodes : this.list();
  }
}

interface EngineNode {
  ID: string;
  UpdatedAt: string;
  Spec: { Role: SwarmNode['role']; Availability: SwarmNode['availability']; Labels?: Record<string, string> | null };
  Description: {
    Hostname: string;
    Platform: { Architecture: string; OS: string };
    Resources: { NanoCPUs?: number; MemoryBytes?: number };
    Engine: { EngineVersion: string };
  };
  Status: { State: SwarmNode['state']; Addr?: string };
}

function fromEngine({ ID, UpdatedAt, Spec, Description, Status }: EngineNode): SwarmNode {
  const { Hostname, Platform, Resources, Engine } = Description;
  return {
    id: ID,
    hostname: Hostname,
    address: Status.Addr ?? '',
    role: Spec.Role,
    availability: Spec.Availability,
    state: Status.State,
    changedAt: new Date(UpdatedAt),
    engineVersion: Engine.EngineVersion,
    platform: `${Platform.OS}/${ARCH[Platform.Architecture] ?? Platform.Architecture}`,
    cpus: (Resources.NanoCPUs ?? 0) / 1e9,
    memoryBytes: Resources.MemoryBytes ?? 0,
    labels: Spec.Labels ?? {},
  };
}
