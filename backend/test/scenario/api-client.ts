import { expect } from 'vitest';
import { type Client, createClient } from '../../../clients/typescript/src/client/index.js';
import * as api from '../../../clients/typescript/src/index.js';
import type { Deployment, Environment } from '../../../clients/typescript/src/index.js';
import { eventually } from '../testbed/eventually.js';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Problem {
  status: number;
  code: string;
  detail: string;
  hint?: string;
  errors?: { path: string; message: string }[];
  required?: string[];
  requestId: string;
}

const LONG_POLL_SECONDS = 5;

/** A user's client: the generated one, and plain HTTP for what that would not send. */
export class ApiClient {
  private readonly client: Client;

  constructor(
    readonly baseUrl: string,
    readonly apiKey: string,
  ) {
    this.client = createClient({ baseUrl, auth: apiKey });
  }

  async request<T = Problem>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const json = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: { 'X-API-Key': this.apiKey, 'Content-Type': 'application/json', ...headers },
      ...json,
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  async ok<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  async createEnvironment(name = `env-${Math.random().toString(36).slice(2, 10)}`): Promise<Environment> {
    return (await this.of(api.createEnvironment({ client: this.client, body: { name } }))).environment;
  }

  async environment(id: string): Promise<api.EnvironmentDetails> {
    return (await this.of(api.getEnvironment({ client: this.client, path: { id } }))).environment;
  }

  deploy(body: object): Promise<api.DeploymentAccepted> {
    return this.of(
      api.createDeployment({ client: this.client, body: body as api.CreateDeployment }),
    ) as Promise<api.DeploymentAccepted>;
  }

  deployFromGit(body: object): Promise<api.DeploymentAccepted> {
    return this.of(
      api.createDeploymentFromGit({ client: this.client, body: body as api.CreateGitDeployment }),
    ) as Promise<api.DeploymentAccepted>;
  }

  /** Sends a body as it is. */
  async send<T = Problem>(
    path: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream,
    type: string,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const response = await fetch(this.baseUrl + path, {
      method: 'POST',
      body,
      headers: { 'X-API-Key': this.apiKey, 'Content-Type': type, ...headers },
      duplex: 'half',
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as T };
  }

  async upload(body: Uint8Array<ArrayBuffer>, type = 'application/x-tar'): Promise<api.Upload> {
    const answer = await this.send<api.Upload>('/uploads', body, type);
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    return answer.body;
  }

  deployFromUpload(body: object): Promise<api.DeploymentAccepted> {
    return this.ok('POST', '/deployments/from-upload', body);
  }

  /** Builds, deploys and expects it to run. */
  async runFromUpload(body: object): Promise<Deployment> {
    const { jobId, deploymentId } = await this.deployFromUpload(body);
    const deployment = await this.settled(jobId, 120_000);
    expect(deployment.status, `${deployment.errorMessage ?? ''}\n${await this.buildLogs(deploymentId)}`).toBe(
      'RUNNING',
    );
    return deployment;
  }

  /** Builds, deploys and expects it to run. */
  async runFromGit(body: object, withinMs = 180_000): Promise<Deployment> {
    const { jobId, deploymentId } = await this.deployFromGit(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status, `${deployment.errorMessage ?? ''}\n${await this.buildLogs(deploymentId)}`).toBe(
      'RUNNING',
    );
    return deployment;
  }

  async failFromGit(body: object, withinMs = 180_000): Promise<Deployment> {
    const { jobId } = await this.deployFromGit(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status).toBe('FAILED');
    return deployment;
  }

  async buildLogs(id: string, query: { tail?: number; since?: string } = { tail: 10_000 }): Promise<string> {
    const answer = await this.of(api.getDeploymentBuildLogs({ client: this.client, path: { id }, query }));
    return typeof answer === 'string' ? answer : answer.logs;
  }

  async job(jobId: string, query: { wait?: number; status?: api.DeploymentStatus } = {}): Promise<Deployment> {
    return (await this.of(api.getDeploymentByJob({ client: this.client, path: { jobId }, query }))).deployment;
  }

  /** All of them. */
  async deployments(envId: string): Promise<Deployment[]> {
    const all: Deployment[] = [];
    for (let cursor: string | undefined; ;) {
      const query = { limit: 100, cursor };
      const page = await this.of(api.listDeployments({ client: this.client, path: { envId }, query }));
      all.push(...page.deployments);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
    }
  }

  /** Polls until it is RUNNING or FAILED. */
  async settled(jobId: string, withinMs = 120_000): Promise<Deployment> {
    let seen: api.DeploymentStatus | undefined;
    return eventually(async () => {
      const deployment = await this.job(jobId, seen && { wait: LONG_POLL_SECONDS, status: seen });
      seen = deployment.status;
      expect(deployment.status, JSON.stringify(deployment.progress)).toMatch(/RUNNING|FAILED|STOPPED/);
      return deployment;
    }, withinMs);
  }

  async expectStatus(jobId: string, status: api.DeploymentStatus, withinMs: number): Promise<void> {
    await eventually(async () => {
      const job = await this.job(jobId);
      expect(job.status, job.errorMessage ?? '').toBe(status);
    }, withinMs);
  }

  /** By its id, not by that of its job. */
  async deployment(id: string): Promise<Deployment> {
    return (await this.ok<{ deployment: Deployment }>('GET', `/deployments/${id}`)).deployment;
  }

  async expectDeployment(id: string, status: api.DeploymentStatus, withinMs: number): Promise<void> {
    await eventually(async () => expect((await this.deployment(id)).status).toBe(status), withinMs);
  }

  async expectEnvironment(id: string, status: api.EnvironmentStatus, withinMs: number): Promise<void> {
    await eventually(async () => expect((await this.environment(id)).status).toBe(status), withinMs);
  }

  /** Deploys and expects it to run. */
  async run(body: object, withinMs?: number): Promise<Deployment> {
    const { jobId } = await this.deploy(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
    return deployment;
  }

  /** Deploys and expects it to fail. */
  async fail(body: object, withinMs?: number): Promise<Deployment> {
    const { jobId } = await this.deploy(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status).toBe('FAILED');
    return deployment;
  }

  async logs(deploymentId: string, query: { tail?: number; since?: string } = {}): Promise<string> {
    const answer = await this.of(api.getDeploymentLogs({ client: this.client, path: { id: deploymentId }, query }));
    return typeof answer === 'string' ? answer : answer.logs;
  }

  /** Deletes the environment and waits until nothing of it is left. */
  async deleteEnvironment(id: string): Promise<void> {
    await this.of(api.deleteEnvironment({ client: this.client, path: { id } }));
    await this.expectEnvironment(id, 'DELETED', 90_000);
  }

  /** The data of an answer, or its error thrown. */
  private async of<T>(answer: Promise<{ data?: T; error?: unknown; response?: Response }>): Promise<T> {
    const { data, error, response } = await answer;
    if (data !== undefined) return data;
    if (error instanceof Error) throw error;
    throw new Error(`${response?.url ?? ''}: ${response?.status ?? ''} ${JSON.stringify(error)}`);
  }
}
