import { type Client, createClient } from '../../typescript/src/client/index.js';
import * as sdk from '../../typescript/src/index.js';
import type { Deployment, Environment, Problem } from '../../typescript/src/index.js';
import { EXIT, exitOf, Failure } from './failure.js';
import { type Login, readLogin } from './settings.js';

/** The API with the stored login. Error responses throw a Failure with the API's text. */
export class Api {
  readonly client: Client;

  constructor(readonly login: Login = readLogin()) {
    this.client = createClient({ baseUrl: login.url, auth: login.key });
  }

  /** Returns the data of a call of the generated client. */
  async of<T>(call: Promise<{ data?: T; error?: unknown; response?: Response }>): Promise<T> {
    const { data, error, response } = await call.catch((cause: unknown) => ({
      data: undefined,
      error: cause,
      response: undefined,
    }));
    // Of the page of another program at this URL, not of the API.
    if (typeof data === 'string')
      throw new Failure(EXIT.unreachable, `${this.login.url} answers with a page: it is not the URL of the API.`);
    if (data !== undefined) return data;
    if (!response) throw unreachable(this.login.url, error);
    throw refusal(error as Partial<Problem>, response.status);
  }

  /** Finds an environment by name or id; throws a Failure when there is none. */
  async environment(nameOrId: string): Promise<Environment> {
    const found = await this.findEnvironment(nameOrId);
    if (found) return found;
    throw new Failure(EXIT.notFound, `There is no environment ${nameOrId}: berth env lists yours.`);
  }

  /** Returns the id of the environment; creates it when it does not exist. */
  async environmentOrNew(name: string): Promise<string> {
    const found = await this.findEnvironment(name);
    if (found) return found.id;
    const { environment } = await this.of(sdk.createEnvironment({ client: this.client, body: { name } }));
    process.stderr.write(`Environment ${name} is new.\n`);
    return environment.id;
  }

  async deployments(environmentId: string): Promise<Deployment[]> {
    const all: Deployment[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: 100, ...(cursor && { cursor }) };
      const page = await this.of(
        sdk.listDeployments({
          client: this.client,
          path: { envId: environmentId },
          query,
        }),
      );
      all.push(...page.deployments);
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    return all;
  }

  async allEnvironments(): Promise<Environment[]> {
    const all: Environment[] = [];
    for await (const one of this.environments()) all.push(one);
    return all;
  }

  /** Returns the names of all environments by id. */
  async environmentNames(): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    for (const { id, name } of await this.allEnvironments()) names.set(id, name);
    return names;
  }

  private async findEnvironment(nameOrId: string): Promise<Environment | undefined> {
    for await (const one of this.environments()) if (one.name === nameOrId || one.id === nameOrId) return one;
    return undefined;
  }

  private async *environments(): AsyncGenerator<Environment> {
    let cursor: string | undefined;
    do {
      const query = { limit: 100, ...(cursor && { cursor }) };
      const page = await this.of(sdk.listEnvironments({ client: this.client, query }));
      yield* page.environments;
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
  }

  /** Returns the running deployment of the name, else the newest. */
  async release(environmentId: string, name: string): Promise<Deployment> {
    const releases = (await this.deployments(environmentId)).filter((deployment) => deployment.name === name);
    const found = releases.find(({ status }) => status === 'RUNNING') ?? releases[0];
    if (found) return found;
    throw new Failure(EXIT.notFound, `There is no deployment ${name} in this environment: berth ps lists them.`);
  }
}

/** Describes an error response: its text, the fields and the next step. */
export function refusal({ detail, hint, errors, code }: Partial<Problem>, status: number): Failure {
  const fields = (errors ?? []).map(({ path, message }) => `\n  ${path} ${message}`).join('');
  const text = `${detail ?? `The API answered ${status}.`}${code ? ` (${code})` : ''}`;
  return new Failure(exitOf(status), `${text}${fields}${hint ? `\n${hint}` : ''}`);
}

export function unreachable(url: string, error: unknown): Failure {
  return new Failure(EXIT.unreachable, `${url} does not answer: ${reasonOf(error)}`);
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? ((cause.message || (cause as NodeJS.ErrnoException).code) ?? message) : message;
}
