import type { ClientRequest, IncomingMessage } from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { Agent, type AgentConnectOpts } from 'agent-base';

/**
 * Fails a request whose response ends before it is complete, because the Engine died or its time is over. docker-modem
 * listens to errors of the request only, and Node.js reports these on the response: the call would never return.
 */
export class WholeResponses extends Agent {
  constructor(private readonly isSecure: boolean) {
    super();
  }

  /** The library would read it from a stack trace, which costs more than the request. */
  override isSecureEndpoint(): boolean {
    return this.isSecure;
  }

  override connect(request: ClientRequest, options: AgentConnectOpts): Duplex {
    request.once('response', (response: IncomingMessage) =>
      response.once('close', () => {
        if (response.complete) return;
        const error = new Error('the connection closed before the end of the response');
        request.emit('error', Object.assign(error, { code: 'ECONNRESET' }));
      }),
    );
    return options.secureEndpoint ? tls.connect(options) : net.connect(options);
  }
}
