// The stacks that every lake has: foundation, storage, pipeline, consumption.
const { Duration, Stack } = require("aws-cdk-lib");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const glue = require("aws-cdk-lib/aws-glue");
const iam = require("aws-cdk-lib/aws-iam");
const kms = require("aws-cdk-lib/aws-kms");
const s3 = require("aws-cdk-lib/aws-s3");
const { ACCOUNT, REGION, bucket, database, expire, expireOldVersions, handler, workgroup } = require("./components");

const TIB = 2 ** 40;

function foundation(app, lake) {
  const stack = new Stack(app, "foundation", { env: lake.env });
  const key = new kms.Key(stack, "Own", {
    enableKeyRotation: true,
    pendingWindow: Duration.days(lake.protected ? 30 : 7),
    alias: lake.prefix,
    removalPolicy: lake.removal,
  });
  for (const service of [`logs.${REGION}`, "cloudwatch", "events"]) {
    key.grantEncryptDecrypt(new iam.ServicePrincipal(`${service}.amazonaws.com`));
  }
  const logs = new s3.Bucket(stack, "Logs", {
    bucketName: lake.bucketName("logs"),
    encryption: s3.BucketEncryption.S3_MANAGED,
    versioned: true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    lifecycleRules: [
      { id: "abort-unfinished-uploads", abortIncompleteMultipartUploadAfter: Duration.days(3) },
      { id: "expire-logs", expiration: Duration.days(365), noncurrentVersionExpiration: Duration.days(7) },
    ],
    removalPolicy: lake.removal,
  });
  bucket(stack, lake, "Ops", "ops", {
    logs,
    rules: [
      expireOldVersions(lake),
      expire("expire-query-results", "athena", 30),
      expire("expire-papers-of-runs", "runs", 365),
      expire("expire-parts", "splits", 3),
    ],
  });
  new dynamodb.Table(stack, "TheLedger", {
    tableName: `${lake.prefix}-ledger`,
    partitionKey: { name: "source_id", type: dynamodb.AttributeType.STRING },
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    encryption: dynamodb.TableEncryption.CUSTOMER_MANAGED,
    encryptionKey: lake.key(stack),
    deletionProtection: lake.protected,
    removalPolicy: lake.removal,
  });
  new iam.Role(stack, "GovernRole", {
    roleName: lake.governRole,
    assumedBy: new iam.ServicePrincipal("lambda.amazonaws.com"),
    managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName("service-role/AWSLambdaBasicExecutionRole")],
  });
}

function storage(app, lake) {
  const stack = new Stack(app, "storage", { env: lake.env });
  const landing = bucket(stack, lake, "Landing", "landing");
  const tiers = ["Bronze", "Silver", "Quarantine"].map((id) =>
    bucket(stack, lake, id, id.toLowerCase(), { rules: [expireOldVersions(lake)] }));
  database(stack, lake, "silver", tiers[1], lake.tables.length + 10);
  new glue.CfnDatabase(stack, "OpsDatabase", {
    catalogId: ACCOUNT,
    databaseInput: {
      name: lake.database("ops"),
      locationUri: `s3://${lake.bucketName("ops")}/tables/`,
      createTableDefaultPermissions: [],
    },
  });
  const emptier = handler(stack, lake, "CustomResource", "custom-resource", { retryAttempts: 0 });
  if (!lake.protected) {
    for (const each of [landing, ...tiers]) {
      each.grantRead(emptier);
      each.grantDelete(emptier);
    }
  }
  govern(stack, lake);
}

function govern(stack, lake) {
  const role = iam.Role.fromRoleName(stack, "GovernRole", lake.governRole, { mutable: false });
  handler(stack, lake, "Govern", "govern", { memory: 256, seconds: 300, retryAttempts: 0, role });
}

function consumption(app, lake) {
  const stack = new Stack(app, "consumption", { env: lake.env });
  workgroup(stack, lake, lake.prefix, `s3://${lake.bucketName("ops")}/athena/`, TIB);
}

module.exports = { foundation, storage, consumption };
