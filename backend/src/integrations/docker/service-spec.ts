/** The part of the Engine API's ServiceSpec that we send. Durations in nanoseconds, memory in bytes. */
export interface ServiceSpec {
  Name: string;
  Labels: Record<string, string>;
  TaskTemplate: {
    ContainerSpec: ContainerSpec;
    Resources: { Limits: { NanoCPUs: number; MemoryBytes: number; Pids: number } };
    RestartPolicy: { Condition: 'any' | 'none' | 'on-failure'; Delay: number };
    Networks: { Target: string; Aliases: string[] }[];
    LogDriver: { Name: string; Options: Record<string, string> };
    /** raised to restart tasks without another change */
    ForceUpdate?: number;
  };
  Mode: { Replicated: { Replicas: number } };
  EndpointSpec: { Mode: 'dnsrr'; Ports: PublishedPort[] };
}

export interface ContainerSpec {
  Image: string;
  Labels: Record<string, string>;
  Args?: string[];
  Env: string[];
  Mounts: { Type: 'volume'; Source: string; Target: string; ReadOnly: boolean }[];
  Configs: { ConfigID: string; ConfigName: string; File: { Name: string; UID: string; GID: string; Mode: number } }[];
  HealthCheck?: HealthConfig;
  CapabilityAdd: string[];
  CapabilityDrop: string[];
  Privileges?: { NoNewPrivileges: true };
  StopGracePeriod: number;
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
