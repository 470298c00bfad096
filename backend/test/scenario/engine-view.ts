import Dockerode, { type ExecCreateOptions } from 'dockerode';
import { PassThrough } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { expect } from 'vitest';
import { eventually } from '../testbed/eventually.js';

/** The engine as an operator looks at it, beside the API. */
export class EngineView {
  readonly docker = new Dockerode({
    socketPath: (process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').slice('unix://'.length),
  });

  /** Names of everything that carries a label of this environment. */
  async leftovers(environmentId: string): Promise<string[]> {
    const filters = { label: [`berth.environment=${environmentId}`] };
    const [services, networks, { Volumes }, containers] = await Promise.all([
      this.docker.listServices({ filters }),
      this.docker.listNetworks({ filters }),
      this.docker.listVolumes({ filters }),
      this.docker.listContainers({ all: true, filters }),
    ]);
    return [
      ...services.map(({ Spec }) => `service ${Spec?.Name ?? ''}`),
      ...networks.map(({ Name }) => `network ${Name}`),
      ...(Volumes ?? []).map(({ Name }) => `volume ${Name}`),
      ...containers.map(({ Id }) => `container ${Id}`),
    ];
  }

  /** Names of everything that the ingress keeps in the engine, but for what every engine keeps once: the API's volume, pages and the probe. */
  async ingress(): Promise<string[]> {
    const filters = { label: ['berth.managed=true'] };
    const [services, networks, configs, secrets] = await Promise.all([
      this.docker.listServices({ filters }),
      this.docker.listNetworks({ filters: { name: ['berth_edge'] } }),
      this.docker.listConfigs({ filters: { name: ['berth_nginx_'] } }),
      this.docker.listSecrets({ filters }),
    ]);
    const kept = [services, configs, secrets].flat().filter(({ Spec }) => !Spec?.Labels?.['berth.registry']);
    const names = kept.map(({ Spec }) => Spec?.Name ?? '');
    return [...names, ...networks.map(({ Name }) => Name)].filter((name) => name.startsWith('berth_'));
  }

  /** Bytes that a container whose name begins so holds, without its page cache: the most of them. */
  async memoryOf(prefix: string): Promise<number> {
    return Math.max(0, ...(await this.memories(prefix)));
  }

  /** The same of each. */
  async memories(prefix: string): Promise<number[]> {
    const containers = await this.docker.listContainers({ filters: { name: [prefix] } });
    const held = containers.map(async ({ Id }) => {
      const { memory_stats: stats } = await this.docker.getContainer(Id).stats({ stream: false });
      const { total_inactive_file: old = 0, inactive_file: current = 0 } = stats.stats as Record<string, number>;
      return stats.usage - (old || current);
    });
    return Promise.all(held);
  }

  /** How many containers with this label run. */
  async running(label: string): Promise<number> {
    return (await this.docker.listContainers({ filters: { label: [label] } })).length;
  }

  /** Of the running containers in a network. */
  async addresses(network: string): Promise<string[]> {
    const containers = await this.docker.listContainers({ filters: { network: [network] } });
    return containers.flatMap(({ NetworkSettings: { Networks } }) => Networks[network]?.IPAddress ?? []);
  }

  async servicesOf(deploymentId: string): Promise<Dockerode.Service[]> {
    return this.docker.listServices({ filters: { label: [`berth.deployment=${deploymentId}`] } });
  }

  async containersOf(deploymentId: string): Promise<string[]> {
    return (await this.docker.listContainers({ filters: { label: [`berth.deployment=${deploymentId}`] } })).map(
      ({ Id }) => Id,
    );
  }

  async expectContainers(deploymentId: string, count: number, withinMs: number): Promise<void> {
    await eventually(async () => expect(await this.containersOf(deploymentId)).toHaveLength(count), withinMs);
  }

  /** Names of the images that were built for an environment, and ids of those that have none. */
  async imagesOf(environmentId: string): Promise<string[]> {
    const filters = JSON.stringify({ label: [`berth.environment=${environmentId}`] });
    const images = await this.docker.listImages({ filters });
    return images.flatMap(({ Id, RepoTags }) => RepoTags ?? [Id]);
  }

  async pull(image: string): Promise<void> {
    const stream = await this.docker.pull(image);
    await new Promise<void>((resolve, reject) =>
      this.docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Whatever its names are here: the next deployment has to pull it. */
  async forgetImage(repository: string): Promise<void> {
    for (const { Id, RepoTags, RepoDigests } of await this.docker.listImages()) {
      const names = [...(RepoTags ?? []), ...(RepoDigests ?? [])];
      if (names.some((name) => name.startsWith(`${repository}:`) || name.startsWith(`${repository}@`)))
        await this.docker.getImage(Id).remove({ force: true });
    }
  }

  /** Running ones on this node. */
  async containersOfService(name: string): Promise<string[]> {
    const filters = { label: [`com.docker.swarm.service.name=${name}`] };
    return (await this.docker.listContainers({ filters })).map(({ Id }) => Id);
  }

  /** Runs a command in the deployment's first container; its output, and how it ended. */
  async exec(deploymentId: string, ...command: string[]): Promise<{ output: string; exitCode: number }> {
    const [id] = await this.containersOf(deploymentId);
    if (!id) throw new Error(`deployment ${deploymentId} has no running container`);
    return this.execIn(id, ...command);
  }

  async execIn(id: string, ...command: string[]): Promise<{ output: string; exitCode: number }> {
    const out = new PassThrough();
    const [exitCode, output] = await Promise.all([this.execute(id, { Cmd: command }, out, out), textOf(out)]);
    return { output, exitCode };
  }

  /** Returns the exit code. Ends both streams; they can be one. */
  async execute(id: string, options: ExecCreateOptions, out: PassThrough, err: PassThrough): Promise<number> {
    const container = this.docker.getContainer(id);
    const exec = await container.exec({ ...options, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    this.docker.modem.demuxStream(stream, out, err);
    await finished(stream, { writable: false });
    for (const part of [out, err]) part.end();
    return (await exec.inspect()).ExitCode ?? -1;
  }
}
