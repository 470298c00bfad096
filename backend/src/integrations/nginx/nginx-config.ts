import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';

/** What an edge reaches: all healthy tasks of a name in its environment, or the API's socket. */
export type Upstream = { kind: 'service'; name: string; port: number } | { kind: 'api' };

/** One public name and what answers under it. */
export interface EdgeModel {
  /** lower-case ASCII host name */
  domain: string;
  /** undefined: nothing runs, which the page says */
  upstream: Upstream | undefined;
  hasCertificate: boolean;
  /** plain HTTP leads to HTTPS */
  redirects: boolean;
  /** network of the front, whose word about a visitor's address is taken; CIDR */
  frontSubnet: string;
  /** as visitors write them in URLs */
  ports: { http: number; https: number };
}

/** Where the edge of the platform's own name finds the API. */
export const API_SOCKET_FOLDER = '/run/berth';
export const API_SOCKET = 'api.sock';

const TEMPLATES = new URL('../../../../nginx/', import.meta.url);

/** Every token is checked here again, whatever was checked before: nothing else gets into a configuration. */
const TOKENS = {
  thumbprint: /^[A-Za-z0-9_-]{43}$/,
  domain: /^(?=.{1,248}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
  frontSubnet: /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/,
  portSuffix: /^(:[1-9]\d{0,4})?$/,
  port: /^[1-9]\d{0,4}$/,
  server: /^([a-z]([a-z0-9-]{0,61}[a-z0-9])?:[1-9]\d{0,4} resolve|unix:\/run\/berth\/api\.sock)$/,
} as const;
type Token = keyof typeof TOKENS;

/** A piece that was rendered before, from checked tokens. */
class Rendered {
  constructor(readonly text: string) {}
}
const NOTHING = new Rendered('');

const PAGES = {
  404: ['Nothing here', 'There is no site under this name.'],
  502: ['No answer', 'The application behind this site does not answer. Try again in a moment.'],
  503: ['Nothing runs here yet', 'This site has no running application at the moment.'],
} as const;
export type PageStatus = keyof typeof PAGES;

/** nginx's files for front and edges, rendered from typed models into the templates of the folder `nginx/`. */
@Injectable()
export class NginxConfig {
  private readonly templates = new Map<string, string>();

  /** `thumbprint`: of the ACME account's key, RFC 7638. */
  front(thumbprint: string): string {
    return this.fill('front.conf', { thumbprint }).text;
  }

  edge({ domain, upstream, hasCertificate, redirects, frontSubnet, ports }: EdgeModel): string {
    const site = (portSuffix: string) =>
      upstream ? this.fill('edge-site.conf', { portSuffix }) : this.fill('edge-vacant.conf', {});
    const httpsSuffix = suffixOf(ports.https, 443);
    return this.fill('edge.conf', {
      domain,
      frontSubnet,
      upstream: upstream ? this.fill('edge-upstream.conf', { server: serverOf(upstream) }) : NOTHING,
      http: redirects
        ? this.fill('edge-redirect.conf', { domain, portSuffix: httpsSuffix })
        : site(suffixOf(ports.http, 80)),
      https: hasCertificate ? this.fill('edge-https.conf', { domain, site: site(httpsSuffix) }) : NOTHING,
    }).text;
  }

  /** Of every node: the way of its engine to the registry, in two halves, since no container is in the node's network and in an overlay. */
  registryWay(port: number): { relay: string; door: string } {
    return {
      relay: this.fill('registry-relay.conf', {}).text,
      door: this.fill('registry-door.conf', { port: String(port) }).text,
    };
  }

  /** What visitors see where there is no application to answer: by status. */
  page(status: PageStatus): string {
    const [title, text] = PAGES[status];
    return this.fill('page.html', { title: new Rendered(title), text: new Rendered(text) }).text;
  }

  private fill(name: string, values: Record<string, string | Rendered>): Rendered {
    const used = new Set<string>();
    const text = this.template(name).replace(/\{\{(\w+)\}\}/g, (_match, token: string) => {
      used.add(token);
      const value = values[token];
      if (value instanceof Rendered) return value.text;
      if (value === undefined || !TOKENS[token as Token]?.test(value))
        throw new Error(`${token} is not what ${name} can hold`);
      return value;
    });
    const unused = Object.keys(values).filter((token) => !used.has(token));
    if (unused.length > 0) throw new Error(`${name} has no place for ${unused.join(', ')}`);
    return new Rendered(text);
  }

  private template(name: string): string {
    const known = this.templates.get(name) ?? readFileSync(new URL(name, TEMPLATES), 'utf8');
    this.templates.set(name, known);
    return known;
  }
}

function serverOf(upstream: Upstream): string {
  return upstream.kind === 'api'
    ? `unix:${API_SOCKET_FOLDER}/${API_SOCKET}`
    : `${upstream.name}:${upstream.port} resolve`;
}

function suffixOf(port: number, usual: number): string {
  return port === usual ? '' : `:${port}`;
}
