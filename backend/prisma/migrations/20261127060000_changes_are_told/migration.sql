-- Whoever changes a deployment, its steps, its containers or its log: every instance hears of it when the change is committed. One that
-- transaction tells once. The payload is what core/database/signals.ts reads.
CREATE FUNCTION berth_tell_changed(changed text) RETURNS void LANGUAGE sql AS $$
  SELECT pg_notify('berth', json_build_object('name', 'deployment.changed',
    'payload', json_build_object('deploymentId', d.id, 'jobId', d."jobId"))::text)
  FROM "Deployment" d WHERE d.id = changed
$$;

CREATE FUNCTION berth_deployment_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM berth_tell_changed(NEW.id);
  RETURN NULL;
END $$;

CREATE FUNCTION berth_deployment_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM berth_tell_changed(NEW."deploymentId");
  RETURN NULL;
END $$;

CREATE TRIGGER tell_changed AFTER UPDATE ON "Deployment" FOR EACH ROW EXECUTE FUNCTION berth_deployment_changed();
CREATE TRIGGER tell_changed AFTER INSERT OR UPDATE ON "DeploymentStep" FOR EACH ROW EXECUTE FUNCTION berth_deployment_part_changed();
CREATE TRIGGER tell_changed AFTER INSERT OR UPDATE ON "Container" FOR EACH ROW EXECUTE FUNCTION berth_deployment_part_changed();
CREATE TRIGGER tell_changed AFTER INSERT ON "DeploymentLog" FOR EACH ROW EXECUTE FUNCTION berth_deployment_part_changed();
