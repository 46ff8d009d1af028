// The stack of one zone: its bucket, its tables' copies, who reads them.
const { Stack } = require("aws-cdk-lib");
const iam = require("aws-cdk-lib/aws-iam");
const { bucket, database, expireOldVersions, grant, handler, workgroup } = require("./components");

const GIB = 2 ** 30;

function zone(app, lake, { name, tables }) {
  const stack = new Stack(app, `zone-${name}`, { env: lake.env });
  const data = bucket(stack, lake, "Bucket", name, { emptied: lake.emptied, rules: [expireOldVersions(lake)] });
  database(stack, lake, name, data, tables.length + 10);

  const [ops, silver] = [lake.bucket(stack, "ops"), lake.bucket(stack, "silver")];
  const sync = handler(stack, lake, "Sync", "sync", { name: `sync-${name}`, environment: { TARN_ZONE: name } });
  ops.grantRead(sync, "runs/*/lake.json");
  ops.grantReadWrite(sync, `zones/${name}/*`);
  ops.grantPut(sync, `runs/*/synced/${name}.json`);
  data.grantReadWrite(sync);

  const reader = new iam.Role(stack, "ReaderRole", { assumedBy: new iam.AccountRootPrincipal() });
  ops.grantReadWrite(reader, `athena/zones/${name}/*`);
  for (const table of tables) {
    silver.grantRead(sync, `${table}/*`);
    data.grantRead(reader, `${table}/*`);
    grant(stack, lake, reader, name, table);
  }
  const results = `s3://${ops.bucketName}/athena/zones/${name}/`;
  workgroup(stack, lake, `${lake.prefix}-${name}`, results, 100 * GIB);
}

module.exports = { zone };
