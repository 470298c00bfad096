import { registerHooks, type ResolveHookContext } from 'node:module';
import { KEPT_CHECKS } from './kept-checks.js';

/**
 * What dependencies load at once and this program never uses, or uses only while it is built: replaced before anything else is imported.
 * It would hold 20 MB of an idle process (docs/adr/0006).
 */
const REPLACED = new Map([
  // dockerode's BuildKit sessions, and Docker over SSH
  ['@grpc/grpc-js', './absent.cjs'],
  ['@grpc/proto-loader', './absent.cjs'],
  ['ssh2', './absent.cjs'],
  // class-validator's telephone numbers
  ['libphonenumber-js/max', './absent.cjs'],
  // the OpenAPI document is made by `npm run docs` and served as it is
  ['@nestjs/swagger', './without-swagger.js'],
  // for Nest
  ['rxjs', './few-of-rxjs.js'],
  ['rxjs/operators', './few-of-rxjs.js'],
]);

const VALIDATOR = /^validator(?:$|\/lib\/(?<check>\w+)$)/;

/** `require` of it loads no more than it needs. */
const HTTP = { names: ['http', 'node:http'], forImports: './http-without-fetch.js' };

/** We ourselves ask for it when there is something to build. */
const OURS_ON_DEMAND = '@grpc/grpc-js';

registerHooks({
  resolve(specifier, context, next) {
    const replacement = replacementOf(specifier, context);
    if (!replacement) return next(specifier, context);
    return { url: new URL(replacement, import.meta.url).href, shortCircuit: true };
  },
});

function replacementOf(specifier: string, { conditions, parentURL }: ResolveHookContext): string | undefined {
  if (specifier === OURS_ON_DEMAND && !parentURL?.includes('/node_modules/')) return undefined;
  if (HTTP.names.includes(specifier) && conditions.includes('import')) return HTTP.forImports;
  const validator = VALIDATOR.exec(specifier);
  if (validator && !KEPT_CHECKS.includes(validator.groups?.['check'] ?? '')) return './absent-check.cjs';
  return REPLACED.get(specifier);
}
