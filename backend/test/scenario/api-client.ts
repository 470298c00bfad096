import { expect } from 'vitest';
import type {
  DeploymentAnswerDto,
  DeploymentDto,
  DeploymentListDto,
} from '../../src/modules/deployments/dto/deployment.dto.js';
import type { EnvironmentAnswerDto, EnvironmentDto } from '../../src/modules/environments/dto/environment.dto.js';
import { eventually } from '../testbed/eventually.js';

/** JSON as it travels: times are text. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer E)[]
    ? Wire<E>[]
    : T extends object
      ? { [K in keyof T]: Wire<T[K]> }
      : T;

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

/** A client as a user writes one: HTTP, JSON, and a key. */
export class ApiClient {
  constructor(
    readonly baseUrl: string,
    readonly apiKey: string,
  ) {}

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

  async createEnvironment(name = `env-${Math.random().toString(36).slice(2, 10)}`): Promise<Wire<EnvironmentDto>> {
    return (await this.ok<Wire<EnvironmentAnswerDto>>('POST', '/environments', { name })).environment;
  }

  async environment(id: string): Promise<Wire<EnvironmentDto>> {
    return (await this.ok<Wire<EnvironmentAnswerDto>>('GET', `/environments/${id}`)).environment;
  }

  async deploy(body: object): Promise<{ jobId: string; deploymentId: string }> {
    return this.ok('POST', '/deployments', body);
  }

  async job(jobId: string): Promise<Wire<DeploymentDto>> {
    return (await this.ok<Wire<DeploymentAnswerDto>>('GET', `/deployments/job/${jobId}`)).deployment;
  }

  async deployments(environmentId: string): Promise<Wire<DeploymentDto>[]> {
    return (await this.ok<Wire<DeploymentListDto>>('GET', `/deployments/environment/${environmentId}`)).deployments;
  }

  /** Polls until it is RUNNING or FAILED. */
  async settled(jobId: string, withinMs = 60_000): Promise<Wire<DeploymentDto>> {
    return eventually(async () => {
      const deployment = await this.job(jobId);
      expect(deployment.status, JSON.stringify(deployment.progress)).toMatch(/RUNNING|FAILED|STOPPED/);
      return deployment;
    }, withinMs);
  }

  /** Deploys and expects it to run. */
  async run(body: object, withinMs?: number): Promise<Wire<DeploymentDto>> {
    const { jobId } = await this.deploy(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status, deployment.errorMessage ?? '').toBe('RUNNING');
    return deployment;
  }

  /** Deploys and expects it to fail. */
  async fail(body: object, withinMs?: number): Promise<Wire<DeploymentDto>> {
    const { jobId } = await this.deploy(body);
    const deployment = await this.settled(jobId, withinMs);
    expect(deployment.status).toBe('FAILED');
    return deployment;
  }

  async logs(deploymentId: string, query = ''): Promise<string> {
    return (await this.ok<{ logs: string }>('GET', `/deployments/${deploymentId}/logs${query}`)).logs;
  }

  /** Deletes the environment and waits until nothing of it is left. */
  async deleteEnvironment(id: string): Promise<void> {
    await this.ok('DELETE', `/environments/${id}`);
    await eventually(async () => expect((await this.environment(id)).status).toBe('DELETED'), 90_000);
  }
}
