import { describe, expect, it } from 'vitest';
import { chooseTarget } from './site-target.js';

const WEB = { name: 'web', tcpPorts: [8080, 9090] };
const WORKER = { name: 'worker', tcpPorts: [] };
const API = { name: 'api', tcpPorts: [3000] };

describe('the target of a public name', () => {
  it('must be the newest release with a TCP port, and its first port', () => {
    expect(chooseTarget([WORKER, WEB, API], { name: null, port: null })).toEqual({ name: 'web', port: 8080 });
    expect(chooseTarget([WORKER], { name: null, port: null })).toBeUndefined();
    expect(chooseTarget([], { name: null, port: null })).toBeUndefined();
  });

  it('must be the requested name and port', () => {
    expect(chooseTarget([WEB, API], { name: 'api', port: null })).toEqual({ name: 'api', port: 3000 });
    expect(chooseTarget([WEB, API], { name: null, port: 9090 })).toEqual({ name: 'web', port: 9090 });
    expect(chooseTarget([WORKER], { name: 'worker', port: 81 })).toEqual({ name: 'worker', port: 81 });
  });

  it('must be undefined while the requested one does not run', () => {
    expect(chooseTarget([WEB], { name: 'api', port: null })).toBeUndefined();
    expect(chooseTarget([WORKER], { name: 'worker', port: null })).toBeUndefined();
  });
});
