import path from 'node:path';

const HERE = import.meta.dirname;
/** The packages of the dashboard are development packages of the backend, so that one `npm ci` installs everything. */
const PACKAGES = path.join(HERE, '../../backend/node_modules');

export default {
  root: HERE,
  base: '/dashboard/',
  resolve: {
    alias: [{ find: /^(preact|@preact\/signals|modern-tar|ignore)(?=\/|$)/, replacement: `${PACKAGES}/$1` }],
  },
  build: {
    outDir: path.join(HERE, '../../backend/dist/dashboard'),
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy of the page allows no data URLs
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
};
