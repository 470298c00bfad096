import pg from 'pg';
import { eventually } from '../testbed/eventually.js';
import type { Platform } from './platform.js';

const LOCK = 815_001;
const REACHED_MS = 60_000;

/**
 * Moments in the life of deployments and environments, as the API writes them down: `{Step} begins`, `{Step} ends`, `{Step} fails`, `verdict`,
 * `deployment {STATUS}`, `environment {STATUS}`, and of runs `run claimed`, `run {STATUS}`, `run decided`, `log stored`. A trigger holds the very transaction that writes one, so that the process can be killed in it:
 * what came before is done, and what would come with it is not.
 */
export class Moments {
  private lock: pg.Client | undefined;

  constructor(readonly platform: Platform) {}

  async open(): Promise<this> {
    await this.platform.sql(`
      CREATE SCHEMA berth_test;
      CREATE TABLE berth_test.held (what text);
      CREATE FUNCTION berth_test.hold() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        row_now jsonb := to_jsonb(NEW);
        row_before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{}' END;
        moment text;
      BEGIN
        IF TG_TABLE_NAME = 'DeploymentStep' THEN
          moment := (row_now->>'name') || CASE WHEN row_now->>'endedAt' IS NULL THEN ' begins' WHEN row_now->>'error' IS NULL THEN ' ends' ELSE ' fails' END;
        ELSIF TG_TABLE_NAME = 'RunLog' THEN
          moment := 'log stored';
        ELSIF row_now->>'status' IS DISTINCT FROM row_before->>'status' THEN
          moment := lower(TG_TABLE_NAME) || ' ' || (row_now->>'status');
        ELSIF row_now->>'errorCode' IS DISTINCT FROM row_before->>'errorCode' THEN
          moment := CASE TG_TABLE_NAME WHEN 'Run' THEN 'run decided' ELSE 'verdict' END;
        ELSIF row_now->>'outcome' IS DISTINCT FROM row_before->>'outcome' THEN
          moment := 'run decided';
        ELSIF TG_TABLE_NAME = 'Run' AND row_now->>'attempt' IS DISTINCT FROM row_before->>'attempt' THEN
          moment := 'run claimed';
        END IF;
        IF EXISTS (SELECT 1 FROM berth_test.held WHERE what = moment) THEN PERFORM pg_advisory_xact_lock(${LOCK}); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER hold AFTER INSERT OR UPDATE ON "DeploymentStep" FOR EACH ROW EXECUTE FUNCTION berth_test.hold();
      CREATE TRIGGER hold AFTER UPDATE ON "Deployment" FOR EACH ROW EXECUTE FUNCTION berth_test.hold();
      CREATE TRIGGER hold AFTER UPDATE ON "Run" FOR EACH ROW EXECUTE FUNCTION berth_test.hold();
      CREATE TRIGGER hold AFTER INSERT OR UPDATE ON "RunLog" FOR EACH ROW EXECUTE FUNCTION berth_test.hold();
      CREATE TRIGGER hold AFTER UPDATE ON "Environment" FOR EACH ROW EXECUTE FUNCTION berth_test.hold();`);
    this.lock = new pg.Client({ connectionString: this.platform.databaseUrl });
    await this.lock.connect();
    return this;
  }

  async close(): Promise<void> {
    await this.lock?.end();
  }

  /** One after the other, the process is killed in each of these moments and started again. Returns the result of `action`. */
  async killIn<T>([first = '', ...others]: string[], action: () => Promise<T>): Promise<T> {
    const result = await this.killAt(first, action);
    for (const moment of others) await this.killAt(moment, () => this.platform.start());
    await this.platform.start();
    return result;
  }

  private async killAt<T>(moment: string, action: () => Promise<T>): Promise<T> {
    await this.hold(moment);
    const result = await action();
    await this.reached(moment);
    await this.platform.kill9();
    await this.release();
    return result;
  }

  private async hold(moment: string): Promise<void> {
    await this.lock?.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await this.platform.sql('INSERT INTO berth_test.held VALUES ($1)', [moment]);
  }

  private async reached(moment: string): Promise<void> {
    await eventually(async () => {
      if ((await this.waiting()).length === 0) throw new Error(`nobody comes to "${moment}"`);
    }, REACHED_MS);
  }

  /** The server would go on with what the dead have asked for. */
  private async release(): Promise<void> {
    const pids = await this.waiting();
    await this.platform.sql('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [pids]);
    await eventually(async () => {
      if ((await this.waiting()).length > 0) throw new Error('a dead process still waits');
    }, 5000);
    await this.platform.sql('DELETE FROM berth_test.held');
    await this.lock?.query('SELECT pg_advisory_unlock($1)', [LOCK]);
  }

  private async waiting(): Promise<number[]> {
    const rows = await this.platform.sql<{ pid: number }>(
      `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted`,
      [LOCK],
    );
    return rows.map(({ pid }) => pid);
  }
}

/** Between the effects of these steps, before them and after them: a step ends in the transaction in which the next one begins. */
export function momentsOf(steps: string[]): string[] {
  return [...steps.map((step) => `${step} begins`), `${steps.at(-1)} ends`];
}
