/** The fields of the Engine API's ServiceSpec that Berth sets. Durations in nanoseconds, memory in bytes. */
export interface ServiceSpec {
  Name: string;
  Labels: Record<string, string>;
  TaskTemplate: {
    ContainerSpec: ContainerSpec;
    Resources: { Limits: { NanoCPUs?: number; MemoryBytes: number; Pids: number } };
    RestartPolicy: { Condition: 'any' | 'none' | 'on-failure'; Delay: number };
    Networks: { Target: string; Aliases: string[] }[];
    Placement?: { Constraints: string[] };
    LogDriver: { Name: string; Options: Record<string, string> };
    /** Increment it to restart tasks without another change. */
    ForceUpdate?: number;
  };
  Mode: { Replicated: { Replicas: number } } | { Global: object };
  UpdateConfig?: { Parallelism: number; Order: 'start-first' | 'stop-first'; FailureAction: 'pause'; Monitor: number };
  EndpointSpec: { Mode: 'dnsrr'; Ports: PublishedPort[] };
}

export interface ContainerSpec {
  Image: string;
  Labels: Record<string, string>;
  /** Overrides the image's entrypoint. */
  Command?: string[];
  Args?: string[];
  /** An init process of the engine is process 1. */
  Init?: boolean;
  Env: string[];
  User?: string;
  ReadOnly?: boolean;
  Mounts: Mount[];
  Configs: { ConfigID: string; ConfigName: string; File: MountedFile }[];
  Secrets?: { SecretID: string; SecretName: string; File: MountedFile }[];
  DNSConfig?: { Nameservers: string[] };
  Sysctls?: Record<string, string>;
  HealthCheck?: HealthConfig;
  CapabilityAdd: string[];
  CapabilityDrop: string[];
  Privileges?: { NoNewPrivileges: true };
  StopSignal?: string;
  StopGracePeriod: number;
}

export type Mount =
  | { Type: 'volume'; Source: string; Target: string; ReadOnly: boolean; VolumeOptions?: VolumeOptions }
  | { Type: 'tmpfs'; Target: string; TmpfsOptions: { SizeBytes: number; Mode: number } };

/** Options with which the engine creates a missing volume. */
export interface VolumeOptions {
  DriverConfig: { Name: 'local'; Options: Record<string, string> };
}

/** `Name` is the path in the container, `Mode` its permissions. */
export interface MountedFile {
  Name: string;
  UID: string;
  GID: string;
  Mode: number;
}

export interface HealthConfig {
  Test: string[];
  Interval?: number;
  Timeout?: number;
  Retries?: number;
  StartPeriod?: number;
  StartInterval?: number;
}

export interface PublishedPort {
  Protocol: 'tcp' | 'udp';
  TargetPort: number;
  PublishedPort: number;
  PublishMode: 'host';
}
