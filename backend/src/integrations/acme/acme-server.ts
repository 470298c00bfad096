import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type * as acme from 'acme-client';
import { asSentence } from '#src/common/errors/as-sentence.js';
import { Config } from '#src/config/config.js';
import { AcmeError, retryAfterMs } from './acme-error.js';
import { renewalId } from './renewal-id.js';

export interface OrderRequest {
  /** PEM */
  accountKey: string;
  domain: string;
  /** Key of the certificate, PEM. */
  privateKey: string;
  /** URL of an order that was placed before. */
  orderUrl: string | undefined;
  /** PEM of the certificate that the new one replaces; RFC 9773, 5. */
  replaces: string | undefined;
  /** Called before a new order is placed, and once its URL is known. */
  beforeOrder: () => Promise<void>;
  onOrder: (url: string) => Promise<void>;
  signal: AbortSignal;
}

/** The window in which the server suggests to renew a certificate; RFC 9773, 4.2. */
export interface RenewalWindow {
  start: Date;
  end: Date;
  /** Poll interval until the next request. */
  againAfterMs: number | undefined;
}

// Parts of acme-client that its types do not declare.
declare module 'acme-client' {
  interface Client {
    readonly api: { createAccount(data: object): Promise<unknown> };
    readonly http: { getDirectory(): Promise<{ renewalInfo?: string }> };
  }
}

const CALL_TIMEOUT_MS = 15_000;
const ORDER_MS = 90_000;
const POLL_MS = { first: 200, factor: 1.5, max: 3000 };

/**
 * Client of the ACME server (RFC 8555), through acme-client. It does not retry: the caller enforces the rate limits,
 * which it stores. The library is loaded with the first order, because most of its weight is cryptography that nothing
 * else needs.
 */
@Injectable()
export class AcmeServer {
  private library: Promise<typeof acme> | undefined;

  constructor(private readonly config: Config) {}

  /** Orders a certificate and returns it with its chain, PEM. Throws AcmeError. */
  async order(request: OrderRequest): Promise<string> {
    const { domain, privateKey, signal } = request;
    const { crypto } = await this.load();
    const client = await this.client(request.accountKey);
    await this.ensureAccount(client);
    const order = (await this.resumeOrder(client, request)) ?? (await this.placeOrder(client, request));
    const until = performance.now() + ORDER_MS;
    if (order.status === 'pending') await this.prove(client, order, signal, until);
    const ready = await this.poll(() => client.getOrder(order), ['ready', 'valid'], signal, until);
    if (ready.status === 'ready') {
      const [, csr] = await crypto.createCsr({ altNames: [domain] }, privateKey);
      await client.finalizeOrder(ready, csr);
    }
    const valid = await this.poll(() => client.getOrder(order), ['valid'], signal, until);
    return client.getCertificate(valid);
  }

  /** Undefined if the server suggests no window. Throws AcmeError. */
  async renewalWindow(chain: string, accountKey: string): Promise<RenewalWindow | undefined> {
    const { axios } = await this.load();
    const base = await this.renewalUrl(await this.client(accountKey));
    const id = await renewalId(chain);
    if (!base || !id) return undefined;
    const { data, headers } = await axios.get<{ suggestedWindow?: { start: string; end: string } }>(`${base}/${id}`);
    const [start, end] = [data.suggestedWindow?.start, data.suggestedWindow?.end].map((text) => new Date(text ?? ''));
    if (!start || !end || Number.isNaN(start.getTime()) || !(start < end)) return undefined;
    return { start, end, againAfterMs: retryAfterMs(headers['retry-after']) };
  }

  private async client(accountKey: string): Promise<acme.Client> {
    const { Client } = await this.load();
    return new Client({ directoryUrl: this.config.acme.directoryUrl, accountKey });
  }

  private load(): Promise<typeof acme> {
    this.library ??= import('acme-client').then((library) => {
      const { caFile } = this.config.acme;
      Object.assign(library.axios.defaults, {
        timeout: CALL_TIMEOUT_MS,
        maxRedirects: 0,
        proxy: false,
        validateStatus: null,
        ...(caFile && { httpsAgent: new Agent({ ca: readFileSync(caFile) }) }),
      });
      // The library's own interceptors retry at once, and turn a refused connection into a TypeError.
      library.axios.interceptors.request.clear();
      library.axios.interceptors.response.clear();
      library.axios.interceptors.response.use(throwFailures, throwUnreachable);
      return library;
    });
    return this.library;
  }

  /**
   * Creates the account, or finds it by its key. acme-client's own method then updates an existing account without a
   * change, which servers refuse.
   */
  private async ensureAccount(client: acme.Client): Promise<void> {
    const { email } = this.config.acme;
    await client.api.createAccount({ termsOfServiceAgreed: true, ...(email && { contact: [`mailto:${email}`] }) });
  }

  /** The order that a crash interrupted; undefined if there is none, or if it can no longer succeed. */
  private async resumeOrder(client: acme.Client, { orderUrl }: OrderRequest): Promise<acme.Order | undefined> {
    if (orderUrl === undefined) return undefined;
    try {
      const order = await client.getOrder({ url: orderUrl } as acme.Order);
      return order.status === 'invalid' ? undefined : order;
    } catch (error) {
      if (error instanceof AcmeError && error.kind === 'refused') return undefined;
      throw error;
    }
  }

  private async placeOrder(client: acme.Client, request: OrderRequest): Promise<acme.Order> {
    const identifiers = [{ type: 'dns', value: request.domain }];
    const hasRenewalInfo = request.replaces !== undefined && (await this.renewalUrl(client)) !== undefined;
    const replaces = hasRenewalInfo ? await renewalId(request.replaces ?? '') : undefined;
    await request.beforeOrder();
    const order = await client.createOrder({ identifiers, ...(replaces && { replaces }) });
    await request.onOrder(order.url);
    return order;
  }

  private async prove(client: acme.Client, order: acme.Order, signal: AbortSignal, until: number): Promise<void> {
    for (const authorization of await client.getAuthorizations(order)) {
      const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
      if (authorization.status === 'valid') continue;
      if (!challenge) throw new AcmeError('refused', 'The ACME server offers no HTTP-01 challenge for this name.');
      if (challenge.status === 'pending') await client.completeChallenge(challenge);
      const getAuthorization = async () => {
        const found = (await client.getAuthorizations(order)).find(({ url }) => url === authorization.url);
        return found ?? authorization;
      };
      await this.poll(getAuthorization, ['valid'], signal, until);
    }
  }

  private async renewalUrl(client: acme.Client): Promise<string | undefined> {
    return (await client.http.getDirectory()).renewalInfo;
  }

  private async poll<T extends { status: string }>(
    inspect: () => Promise<T>,
    wanted: string[],
    signal: AbortSignal,
    until: number,
  ): Promise<T> {
    for (let delayMs = POLL_MS.first; ; delayMs = Math.min(delayMs * POLL_MS.factor, POLL_MS.max)) {
      const item = await inspect();
      if (wanted.includes(item.status)) return item;
      if (item.status === 'invalid') throw new AcmeError('not-validated', reasonOf(item));
      if (performance.now() > until)
        throw new AcmeError('unreachable', `The ACME server did not finish the order in time: it is ${item.status}.`);
      await delay(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** The error of a challenge, or of the order itself. */
function reasonOf(item: object): string {
  const { challenges = [], error } = item as { challenges?: { error?: Problem }[]; error?: Problem };
  const { detail } = problemOf(challenges.find((challenge) => challenge.error)?.error ?? error);
  return asSentence(`The name was not validated: ${detail ?? 'the ACME server gave no reason'}`);
}

/** What is no text in a server's answer is ignored. */
function problemOf(value: unknown): Problem {
  const { type, detail } = (value ?? {}) as Record<string, unknown>;
  return {
    ...(typeof type === 'string' && { type }),
    ...(typeof detail === 'string' && { detail }),
  };
}

interface Problem {
  type?: string;
  detail?: string;
}
interface Answer {
  status: number;
  data: unknown;
  headers: Record<string, unknown>;
}

/**
 * Throws AcmeError for a failed response, because acme-client keeps only the text of an error. acme-client itself
 * handles an expired nonce.
 */
function throwFailures<T extends Answer>(answer: T): T {
  const problem = problemOf(answer.data);
  if (answer.status < 400 || problem.type?.endsWith(':badNonce')) return answer;
  const options = { retryAfterMs: retryAfterMs(answer.headers['retry-after']) };
  const said = problem.detail ?? `status ${answer.status}`;
  if (answer.status === 429 || problem.type?.endsWith(':rateLimited'))
    throw new AcmeError('rate-limited', asSentence(`The ACME server's rate limit is reached: ${said}`), options);
  if (answer.status >= 500)
    throw new AcmeError('unreachable', asSentence(`The ACME server has an internal error: ${said}`), options);
  throw new AcmeError('refused', asSentence(`The ACME server refused: ${said}`), options);
}

function throwUnreachable(error: Error & { code?: string }): never {
  if (error instanceof AcmeError) throw error;
  const reason = error.code ?? 'no connection';
  throw new AcmeError('unreachable', `The ACME server does not answer (${reason}).`, { cause: error });
}
