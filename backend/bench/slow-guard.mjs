/**
 * The baseline: what a poll costs when every request asks bcrypt and writes `lastUsedAt`. `node slow-guard.mjs DATABASE_URL`; prints its port.
 */
import { createServer } from 'node:http';
import bcrypt from 'bcrypt';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 });

const server = createServer(async (request, response) => {
  const [, keyId, secret] = /^rw_prod_(.{16})\.(.{16})$/.exec(String(request.headers['x-api-key'])) ?? [];
  const key = await pool.query('SELECT "secretHash" FROM "ApiKey" WHERE "keyId" = $1', [keyId]);
  const allowed = key.rows[0] && (await bcrypt.compare(secret, key.rows[0].secretHash));
  await pool.query('UPDATE "ApiKey" SET "lastUsedAt" = now() WHERE "keyId" = $1', [keyId]);
  const { rows } = await pool.query('SELECT * FROM "Deployment" WHERE "jobId" = $1', [request.url.split('/').at(-1)]);
  response.writeHead(allowed ? 200 : 401, { 'Content-Type': 'application/json' }).end(JSON.stringify(rows[0]));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
