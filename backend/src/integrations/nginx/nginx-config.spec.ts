import { describe, expect, it } from 'vitest';
import { type EdgeModel, NginxConfig } from './nginx-config.js';

const nginx = new NginxConfig();
const MODEL: EdgeModel = {
  domain: 'shop.example.com',
  upstream: { kind: 'service', name: 'web', port: 8080 },
  hasCertificate: true,
  redirects: true,
  frontSubnet: '10.255.240.0/20',
  ports: { http: 80, https: 443 },
};

describe('the configuration of an edge', () => {
  it('must proxy to all healthy tasks of the name, and to nothing else', () => {
    const text = nginx.edge(MODEL);
    expect(text.match(/^ *server .*;$/gm)).toEqual(Array(2).fill('        server web:8080 resolve;'));
    expect(new Set(text.match(/proxy_pass .*;/g))).toEqual(new Set(['proxy_pass http://$application;']));
    expect(text).toContain('return 301 https://shop.example.com$request_uri;');
    expect(text).not.toContain('{{');
  });

  it('must serve plain HTTP without TLS before there is a certificate, and a page where nothing runs', () => {
    const text = nginx.edge({ ...MODEL, upstream: undefined, hasCertificate: false, redirects: false });
    expect(text).not.toMatch(/8443|ssl_|proxy_pass|upstream application|return 301/);
    expect(text).toContain('return 503;');
  });

  it('must name the port if clients use another one', () => {
    const text = nginx.edge({ ...MODEL, ports: { http: 8081, https: 8444 } });
    expect(text).toContain('return 301 https://shop.example.com:8444$request_uri;');
    expect(text).toContain('proxy_set_header Host $host:8444;');
  });

  it('must reach the API through its socket', () => {
    expect(nginx.edge({ ...MODEL, upstream: { kind: 'api' } })).toContain('server unix:/run/berth/api.sock;');
  });

  it('must log the reason of a 502, but no URL of the API, whose URLs hold tokens', () => {
    expect(nginx.edge(MODEL)).toContain('error_log stderr error;');
    expect(nginx.edge({ ...MODEL, upstream: { kind: 'api' } })).toContain('error_log stderr crit;');
  });

  it.each<[string, Partial<EdgeModel>]>([
    ['domain', { domain: 'shop.example.com; include /etc/passwd' }],
    ['domain', { domain: 'a.example.com\nreturn 200' }],
    ['domain', { domain: '$host' }],
    ['domain', { domain: 'A.example.com' }],
    ['domain', { domain: `${'a'.repeat(64)}.example.com` }],
    ['server', { upstream: { kind: 'service', name: 'web;}', port: 80 } }],
    ['server', { upstream: { kind: 'service', name: '10.0.0.1', port: 80 } }],
    ['server', { upstream: { kind: 'service', name: 'web', port: NaN } }],
    ['frontSubnet', { frontSubnet: '0.0.0.0/0; #' }],
    ['portSuffix', { ports: { http: 80, https: -1 } }],
  ])('must never be made from what is not a %s: %j', (token, wrong) => {
    expect(() => nginx.edge({ ...MODEL, ...wrong })).toThrow(`${token} is not a valid value`);
  });
});

describe('the configuration of the front', () => {
  const thumbprint = 'a'.repeat(43);

  it('must answer challenges, and proxy only to names that end in .edge', () => {
    const text = nginx.front(thumbprint);
    expect(text).toContain(`return 200 "$1.${thumbprint}";`);
    expect(text.match(/"\$name\.\w+:\d+"/g)).toEqual(['"$name.edge:8443"', '"$name.edge:8080"']);
  });

  it('must never be made from another thumbprint', () => {
    expect(() => nginx.front('short"; }')).toThrow('thumbprint is not a valid value');
  });
});
