import { readFileSync } from 'node:fs';
import type { EngineView } from '../test/scenario/engine-view.js';
import { runCommand } from '../test/testbed/run-command.js';
import { eventually } from '../test/testbed/eventually.js';

/** What somebody would write by hand for one site, with our way of logging. */
const CONFIG = `
worker_processes auto;
worker_rlimit_nofile 65536;
events { worker_connections 8192; }
http {
  log_format request escape=json '{"time":"$time_iso8601","client":"$remote_addr","path":"$uri","status":$status,"sent":$bytes_sent,"seconds":$request_time}';
  access_log /dev/stdout request buffer=32k flush=1s;
  upstream application { server APPLICATION; keepalive 64; keepalive_timeout 4s; }
  server {
    listen 8443 ssl;
    http2 on;
    ssl_certificate /etc/static/certificate.pem;
    ssl_certificate_key /etc/static/key.pem;
    location / {
      proxy_pass http://application;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
    }
  }
}`;
const NAME = 'bench-static-nginx';

/** One nginx in the environment's network with a host port, as a baseline for front and edge. */
export async function startStaticNginx(
  { docker }: EngineView,
  site: { network: string; application: string; port: number; folder: string },
): Promise<() => Promise<void>> {
  const files = [`${site.folder}/key.pem`, `${site.folder}/certificate.pem`] as const;
  const subject = ['-subj', '/CN=static.example.com', '-days', '30', '-nodes'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  await runCommand('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', files[0], '-out', files[1]]);
  const contents = {
    'nginx.conf': CONFIG.replace('APPLICATION', site.application),
    'key.pem': readFileSync(files[0], 'utf8'),
    'certificate.pem': readFileSync(files[1], 'utf8'),
  };
  const configs = await Promise.all(
    Object.entries(contents).map(async ([name, content]) => {
      const ConfigName = `${NAME}-${name}`;
      const Data = Buffer.from(content).toString('base64');
      const { id } = (await docker.createConfig({ Name: ConfigName, Data })) as { id: string };
      return { ConfigID: id, ConfigName, File: { Name: `/etc/static/${name}`, UID: '0', GID: '0', Mode: 0o444 } };
    }),
  );
  const service = await docker.createService({
    Name: NAME,
    TaskTemplate: {
      ContainerSpec: {
        Image: 'nginx:1.30-alpine',
        Command: ['nginx', '-c', '/etc/static/nginx.conf', '-g', 'daemon off;'],
        Configs: configs,
      },
      Networks: [{ Target: site.network }],
    },
    EndpointSpec: {
      Mode: 'dnsrr',
      Ports: [{ Protocol: 'tcp', TargetPort: 8443, PublishedPort: site.port, PublishMode: 'host' }],
    },
  });
  return async () => {
    await service.remove();
    for (const { ConfigID } of configs) await eventually(() => docker.getConfig(ConfigID).remove(), 20_000);
  };
}
