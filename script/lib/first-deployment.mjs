/**
 * The first deployment, as the README shows it and script/server prints it: a page, a second release, a rollback, and
 * the deletion. It needs no registry.
 */

/** With the command line. */
export function firstDeployment({ dataDir, dataDirIsFromShell } = {}) {
  // script/berth finds the running server through it.
  const settings = dataDirIsFromShell ? `export DATA_DIR='${dataDir.replaceAll("'", "'\\''")}'\n` : '';
  return `${settings}script/berth deploy examples/hello --env hello --port 8080:8080
curl http://127.0.0.1:8080/`;
}

/** The next commands in the README: logs, a second release, a rollback, and the deletion. */
export function laterReleases() {
  return `script/berth logs hello --env hello
script/berth deploy examples/hello --env hello --port 8080:8080 --set VERSION=2
script/berth rollback hello --env hello --wait
script/berth delete hello --env hello
script/berth env delete hello`;
}

/** The same over HTTP, for a shell with curl and jq. */
export function firstDeploymentWithCurl() {
  return `KEY=$(script/key create --telegram-id 1 --scopes ALL)
API=http://127.0.0.1:3000
api() { curl -fsS -H "X-API-Key: $KEY" -H 'Content-Type: application/json' "$@"; }
decided() {
  while STATUS=$(api $API/deployments/job/$JOB | jq -er .deployment.status); do
    case $STATUS in RUNNING | FAILED) echo $STATUS; return ;; esac
    sleep 1
  done
}
release() {
  UPLOAD=$(tar -cz -C examples/hello . | curl -fsS -H "X-API-Key: $KEY" -H 'Content-Type: application/gzip' \\
    --data-binary @- $API/uploads | jq -r .uploadId)
  JOB=$(api $API/deployments/from-upload -d '{"environmentId":"'$ENVIRONMENT'","uploadId":"'$UPLOAD'","name":"hello",
    "ports":[{"container":8080,"host":8081}],"envVars":{"VERSION":"'$1'"}}' | jq -r .jobId)
  decided
}

ENVIRONMENT=$(api $API/environments -d '{"name":"hello-curl"}' | jq -r .environment.id)
release 1
curl http://127.0.0.1:8081/
release 2
DEPLOYMENT=$(api $API/deployments/job/$JOB | jq -r .deployment.id)
api -H 'Accept: text/plain' "$API/deployments/$DEPLOYMENT/logs?tail=20"
JOB=$(api $API/deployments/$DEPLOYMENT/rollback -d '{}' | jq -r .jobId)
decided
curl http://127.0.0.1:8081/
api -X DELETE $API/environments/$ENVIRONMENT`;
}
