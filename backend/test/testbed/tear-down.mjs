/**
 * Ends what a test run has left behind because it was killed. Without the test runner, which would start a whole test bed first:
 * node --experimental-transform-types test/testbed/tear-down.mjs
 */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) => {
    const isOurs = specifier.startsWith('.') && context.parentURL?.startsWith(import.meta.url.replace(/[^/]*$/, ''));
    return next(isOurs ? specifier.replace(/\.js$/, '.ts') : specifier, context);
  },
});
const { tearDownTestbed } = await import('./testbed.ts');
await tearDownTestbed();
