/** For a shell that has nothing but curl and sed. */
export function firstDeployment({ url, dataDir, dataDirIsFromShell }) {
  const environment = dataDirIsFromShell ? `DATA_DIR='${dataDir}' ` : '';
  return `KEY=$(${environment}script/key create --telegram-id 1 --scopes ALL)
berth() { curl -fsS -H "X-API-Key: $KEY" -H 'Content-Type: application/json' "$@"; }

ENVIRONMENT=$(berth ${url}/environments -d '{"name": "first"}' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
JOB=$(berth ${url}/deployments -d '{"environmentId": "'$ENVIRONMENT'", "image": "nginx", "tag": "alpine",
  "ports": [{"container": 80, "host": 8080}]}' | sed 's/.*"jobId":"\\([^"]*\\)".*/\\1/')
while STATUS=$(berth ${url}/deployments/job/$JOB | sed 's/"status":"\\([A-Z_]*\\)".*/\\1/; s/.*,//')
  echo "$STATUS"; [[ $STATUS && $STATUS != RUNNING && $STATUS != FAILED ]]; do sleep 1; done
if [[ $STATUS == RUNNING ]]; then curl http://localhost:8080; else berth ${url}/deployments/job/$JOB; fi`;
}
