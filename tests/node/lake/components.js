// What several stacks have, each as aws-cdk-lib's own construct with the options that say what tarn
// means: encrypted with the lake's key, versioned, logged, kept where the environment is protected.
// Nothing that the library does by itself is undone here: that is what tarn is compared with.
const { Duration, RemovalPolicy, Size } = require("aws-cdk-lib");
const athena = require("aws-cdk-lib/aws-athena");
const dynamodb = require("aws-cdk-lib/aws-dynamodb");
const glue = require("aws-cdk-lib/aws-glue");
const iam = require("aws-cdk-lib/aws-iam");
const kms = require("aws-cdk-lib/aws-kms");
const lakeformation = require("aws-cdk-lib/aws-lakeformation");
const lambda = require("aws-cdk-lib/aws-lambda");
const logs = require("aws-cdk-lib/aws-logs");
const s3 = require("aws-cdk-lib/aws-s3");

const ACCOUNT = "123456789012";
const REGION = "eu-west-1";
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/11111111-2222-4333-8444-555555555555`;

// The names of one lake, and what other stacks have of it, by name.
class Lake {
  constructor(words) {
    Object.assign(this, words);
    this.prefix = `${words.name}-${words.environment}`;
    this.governRole = `${this.prefix}-govern-${REGION}`;
    this.env = { account: ACCOUNT, region: REGION };
    this.removal = words.protected ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  }

  bucketName(word) {
    return `${this.prefix}-${word}-${ACCOUNT}-${REGION}`;
  }

  database(word) {
    return `${this.prefix}-${word}`.replaceAll("-", "_");
  }

  key(stack) {
    return once(stack, "Key", (id) => kms.Key.fromKeyArn(stack, id, KEY));
  }

  bucket(stack, word) {
    const attributes = { bucketName: this.bucketName(word), encryptionKey: this.key(stack) };
    return once(stack, `The-${word}`, (id) => s3.Bucket.fromBucketAttributes(stack, id, attributes));
  }

  ledger(stack) {
    const tableArn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${this.prefix}-ledger`;
    const attributes = { tableArn, encryptionKey: this.key(stack) };
    return once(stack, "Ledger", (id) => dynamodb.Table.fromTableAttributes(stack, id, attributes));
  }
}

function once(stack, id, make) {
  return stack.node.tryFindChild(id) ?? make(id);
}

function bucket(stack, lake, id, word, { rules = [], logs, emptied = false } = {}) {
  return new s3.Bucket(stack, id, {
    bucketName: lake.bucketName(word),
    encryption: s3.BucketEncryption.KMS,
    encryptionKey: lake.key(stack),
    bucketKeyEnabled: true,
    versioned: true,
    enforceSSL: true,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    serverAccessLogsBucket: logs ?? lake.bucket(stack, "logs"),
    serverAccessLogsPrefix: `${word}/`,
    lifecycleRules: [
      { id: "abort-unfinished-uploads", abortIncompleteMultipartUploadAfter: Duration.days(3) },
      ...rules,
    ],
    removalPolicy: lake.removal,
    autoDeleteObjects: emptied ? true : undefined,
  });
}

function expireOldVersions(lake) {
  const days = Duration.days(lake.oldVersionsDays);
  return { id: "expire-old-versions", noncurrentVersionExpiration: days, expiredObjectDeleteMarker: true };
}

function expire(id, prefix, days) {
  return { id, prefix: `${prefix}/`, expiration: Duration.days(days) };
}

function handler(stack, lake, id, handler, { name = handler, memory = 512, seconds = 900, storage = 512, environment = {}, ...more } = {}) {
  const functionName = `${lake.prefix}-${name}`;
  const logGroup = new logs.LogGroup(stack, `${id}Logs`, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: lake.logsDays,
    encryptionKey: lake.key(stack),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return new lambda.Function(stack, id, {
    functionName,
    logGroup,
    handler,
    runtime: lambda.Runtime.PROVIDED_AL2023,
    architecture: lambda.Architecture.X86_64,
    code: lambda.Code.fromBucketV2(lake.bucket(stack, "ops"), "handlers/archive.zip"),
    memorySize: memory,
    timeout: Duration.seconds(seconds),
    ephemeralStorageSize: Size.mebibytes(storage),
    tracing: lambda.Tracing.ACTIVE,
    environmentEncryption: lake.key(stack),
    environment: { TARN_LAKE: lake.name, TARN_ENV: lake.environment, TARN_ACCOUNT: ACCOUNT, ...environment },
    ...more,
  });
}

// A database over a bucket that Lake Formation looks after.
function database(stack, lake, word, data, threshold) {
  const path = `s3://${data.bucketName}/`;
  const name = lake.database(word);
  const made = new glue.CfnDatabase(stack, "Database", {
    catalogId: ACCOUNT,
    databaseInput: { name, locationUri: path, createTableDefaultPermissions: [] },
  });
  const role = new iam.Role(stack, "CrawlerRole", { assumedBy: new iam.ServicePrincipal("glue.amazonaws.com") });
  data.grantRead(role);
  new glue.CfnCrawler(stack, "Crawler", {
    name: `${lake.prefix}-${word}`,
    role: role.roleArn,
    databaseName: made.ref,
    targets: { s3Targets: [{ path }] },
    schemaChangePolicy: { updateBehavior: "LOG", deleteBehavior: "LOG" },
    configuration: JSON.stringify({
      Version: 1.0,
      CrawlerOutput: {
        Partitions: { AddOrUpdateBehavior: "InheritFromTable" },
        Tables: { TableThreshold: threshold },
      },
      Grouping: { TableGroupingPolicy: "CombineCompatibleSchemas", TableLevelConfiguration: 2 },
    }),
  });
  const location = new iam.Role(stack, "LocationRole", {
    assumedBy: new iam.ServicePrincipal("lakeformation.amazonaws.com"),
  });
  data.grantRead(location);
  new lakeformation.CfnResource(stack, "Location", {
    resourceArn: data.bucketArn,
    roleArn: location.roleArn,
    useServiceLinkedRole: false,
  });
}

// One grant, as the resource that CloudFormation has for it.
function grant(stack, lake, role, word, table) {
  new lakeformation.CfnPrincipalPermissions(stack, `Grant-${table}`, {
    principal: { dataLakePrincipalIdentifier: role.roleArn },
    resource: { table: { catalogId: ACCOUNT, databaseName: lake.database(word), name: table } },
    permissions: ["DESCRIBE", "SELECT"],
    permissionsWithGrantOption: [],
  });
}

function workgroup(stack, lake, name, outputLocation, cutoff) {
  new athena.CfnWorkGroup(stack, "Workgroup", {
    name,
    state: "ENABLED",
    recursiveDeleteOption: true,
    workGroupConfiguration: {
      enforceWorkGroupConfiguration: true,
      publishCloudWatchMetricsEnabled: true,
      bytesScannedCutoffPerQuery: cutoff,
      resultConfiguration: {
        outputLocation,
        expectedBucketOwner: ACCOUNT,
        encryptionConfiguration: { encryptionOption: "SSE_KMS", kmsKey: lake.key(stack).keyArn },
      },
    },
  });
}

module.exports = { ACCOUNT, REGION, Lake, bucket, database, expire, expireOldVersions, grant, handler, workgroup };
