import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { isPublicAddress } from '#src/common/public-address.js';
import { Config } from '#src/config/config.js';
import { Engine } from '#src/integrations/docker/engine.js';
import { AcmeAccount } from '#src/modules/ingress/edge/acme-account.js';

const RESOLVE = { timeout: 2000, tries: 2 };
const REQUEST_TIMEOUT_MS = 5000;
const MAX_SHOWN = 4;

/** Checks that a name points to this machine, before the ACME server would count a failed validation. */
@Injectable()
export class DnsCheck {
  private readonly resolver = new Resolver(RESOLVE);

  constructor(
    private readonly config: Config,
    private readonly engine: Engine,
    private readonly account: AcmeAccount,
  ) {
    if (config.dns.servers.length > 0) this.resolver.setServers(config.dns.servers);
  }

  /** Returns undefined when it does, or when the check is off; else the reason, in a sentence. */
  async failureReason(domain: string): Promise<string | undefined> {
    if (!this.config.dns.isChecked) return undefined;
    const found = await this.resolve(domain);
    if (typeof found === 'string') return found;
    const own = await this.ownAddresses();
    if (found.some((address) => own.has(address))) return undefined;
    // Behind a router that forwards the ports, the machine does not know its public address: test whether the front
    // answers there.
    for (const address of found)
      if (isPublicAddress(address) && (await this.answersHere(address, domain))) return undefined;
    const pointsTo = found.slice(0, MAX_SHOWN).join(', ');
    return `${domain} points to ${pointsTo}, which is not this machine: change its A or AAAA record to point here.`;
  }

  /** Returns the addresses of the name, or the reason why there are none, in a sentence. */
  private async resolve(domain: string): Promise<string[] | string> {
    const answers = await Promise.allSettled([this.resolver.resolve4(domain), this.resolver.resolve6(domain)]);
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (found.length > 0) return found;
    const codes = answers.map((answer) =>
      answer.status === 'rejected' ? (answer.reason as NodeJS.ErrnoException).code : undefined,
    );
    return codes.every((code) => code === 'ENOTFOUND' || code === 'ENODATA' || code === undefined)
      ? `${domain} has no A or AAAA record: add one that points to this machine.`
      : `${domain} cannot be resolved (${codes.find(Boolean) ?? 'no answer'}).`;
  }

  private async ownAddresses(): Promise<Set<string>> {
    const { nodeAddress } = await this.engine.inspect();
    const { hostname } = new URL(this.config.http.publicBaseUrl);
    const named =
      isIP(hostname) || hostname === 'localhost' ? [hostname] : await this.resolver.resolve4(hostname).catch(() => []);
    const own = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    return new Set([...own, nodeAddress, this.config.docker.swarmAdvertiseAddr ?? '', ...named]);
  }

  private async answersHere(address: string, domain: string): Promise<boolean> {
    const token = randomBytes(16).toString('base64url');
    const host = isIP(address) === 6 ? `[${address}]` : address;
    try {
      const answer = await fetch(`http://${host}/.well-known/acme-challenge/${token}`, {
        headers: { Host: domain },
        redirect: 'error',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const body = answer.headers.get('content-type')?.startsWith('text/plain') ? await answer.text() : '';
      return body === `${token}.${await this.account.thumbprint()}`;
    } catch {
      return false;
    }
  }
}
