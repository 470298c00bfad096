import Dockerode from 'dockerode';
import { PassThrough } from 'node:stream';

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

  async servicesOf(deploymentId: string): Promise<Dockerode.Service[]> {
    return this.docker.listServices({ filters: { label: [`berth.deployment=${deploymentId}`] } });
  }

  async containersOf(deploymentId: string): Promise<string[]> {
    return (await this.docker.listContainers({ filters: { label: [`berth.deployment=${deploymentId}`] } })).map(
      ({ Id }) => Id,
    );
  }

  /** Names of the images that were built for an environment, and ids of those that have none. */
  async imagesOf(environmentId: string): Promise<string[]> {
    const filters = JSON.stringify({ label: [`berth.environment=${environmentId}`] });
    const images = await this.docker.listImages({ filters });
    return images.flatMap(({ Id, RepoTags }) => RepoTags ?? [Id]);
  }

  /** Runs a command in the deployment's first container; its output, and how it ended. */
  async exec(deploymentId: string, ...command: string[]): Promise<{ output: string; exitCode: number }> {
    const [id] = await this.containersOf(deploymentId);
    if (!id) throw new Error(`deployment ${deploymentId} has no running container`);
    const exec = await this.docker.getContainer(id).exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const out = new PassThrough();
    this.docker.modem.demuxStream(stream, out, out);
    stream.on('end', () => out.end());
    let output = '';
    for await (const chunk of out) output += String(chunk);
    const { ExitCode } = await exec.inspect();
    return { output, exitCode: ExitCode ?? -1 };
  }
}
