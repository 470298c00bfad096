import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A root of our own and a certificate of it for localhost and acme-server: `ca.pem`, `server.pem` and `server.key` in the directory. */
export function makeServerCertificate(directory: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' });
  const days = ['-days', '2'];
  const newKey = (file: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', file];
  openssl('req', '-x509', ...newKey('ca.key'), '-out', 'ca.pem', '-subj', '/CN=test', ...days);
  openssl('req', ...newKey('server.key'), '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(join(directory, 'san'), 'subjectAltName=DNS:localhost,DNS:acme-server,IP:127.0.0.1\n');
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'san'];
  openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.pem', ...days);
}
