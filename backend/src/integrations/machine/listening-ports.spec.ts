import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { ListeningPorts, listeningPortsIn } from './listening-ports.js';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:C350 0100007F:1389 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
`;
const TCP6 = `  sl  local_address remote_address st
 100: 00000000000000000000000000000000:0BB8 00000000000000000000000000000000:0000 0A 00000000:00000000
`;
const UDP = `   sl  local_address rem_address   st
  77: 00000000:12B5 00000000:0000 07 00000000:00000000
  78: 0100007F:D431 0100007F:0035 01 00000000:00000000
`;

it('ports that something listens on must be read from /proc/net', () => {
  expect([...listeningPortsIn(TCP, 'tcp')]).toEqual([5001]);
  expect([...listeningPortsIn(TCP6, 'tcp')]).toEqual([3000]);
  expect([...listeningPortsIn(UDP, 'udp')]).toEqual([4789]);
  expect([...listeningPortsIn('', 'tcp')]).toEqual([]);
});

it('a server on loopback must count', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const ports = new ListeningPorts();
  expect(await ports.isUsed(port, 'tcp')).toBe(true);
  expect(await ports.isUsed(port, 'udp')).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await ports.isUsed(port, 'tcp')).toBe(false);
});
