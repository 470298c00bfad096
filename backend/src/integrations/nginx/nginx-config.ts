import { readFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';

/** Upstream of an edge: all healthy tasks of a name in its environment, or the API's socket. */
export type Upstream = { kind: 'service'; name: string; port: number } | { kind: 'api' };

/** One public name and its upstream. */
export interface EdgeModel {
  /** Lower-case ASCII host name. */
  domain: string;
  /** Undefined: no application runs, and the edge serves a page that says so. */
  upstream: Upstream | undefined;
  hasCertificate: boolean;
  /** Plain HTTP redirects to HTTPS. */
  redirects: boolean;
  /** Network of the front, which is trusted for the client's address; CIDR. */
  frontSubnet: string;
  /** Ports as clients write them in URLs. */
  ports: { http: number; https: number };
}

/** Socket of the API for the edge of the platform's own name. */
export const API_SOCKET_FOLDER = '/run/berth';
export const API_SOCKET = 'api.sock';

const TEMPLATES = new URL('../../../../nginx/', import.meta.url);

/** Patterns of all tokens. Rendering checks every token, so that no other text gets into a configuration. */
const TOKENS = {
  thumbprint: /^[A-Za-z0-9_-]{43}$/,
  domain: /^(?=.{1,248}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/,
  frontSubnet: /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/,
  portSuffix: /^(:[1-9]\d{0,4})?$/,
  port: /^[1-9]\d{0,4}$/,
  errorLevel: /^(error|crit)$/,
  server: /^([a-z]([a-z0-9-]{0,61}[a-z0-9])?:[1-9]\d{0,4} resolve|unix:\/run\/berth\/api\.sock)$/,
} as const;
type Token = keyof typeof TOKENS;

/** A part that was rendered from checked tokens. */
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

/** Renders nginx's configuration of front and edges from typed models with the templates of the folder `nginx/`. */
@Injectable()
export class NginxConfig {
  private readonly templates = new Map<string, string>();

  /** `thumbprint` of the ACME account's key, RFC 7638. */
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
      errorLevel: upstream?.kind === 'api' ? 'crit' : 'error',
      upstream: upstream ? this.fill('edge-upstream.conf', { server: serverOf(upstream) }) : NOTHING,
      http: redirects
        ? this.fill('edge-redirect.conf', { domain, portSuffix: httpsSuffix })
        : site(suffixOf(ports.http, 80)),
      https: hasCertificate ? this.fill('edge-https.conf', { domain, site: site(httpsSuffix) }) : NOTHING,
    }).text;
  }

  /**
   * Proxies between a node's engine and the built-in registry. There are two, because no container is both in the
   * node's network and in an overlay.
   */
  registryWay(port: number): { relay: string; door: string } {
    return {
      relay: this.fill('registry-relay.conf', {}).text,
      door: this.fill('registry-door.conf', { port: String(port) }).text,
    };
  }

  /** The page of a site without an application, by status. */
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
        throw new Error(`${token} is not a valid value of ${name}`);
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
